// What differs between one process and a group when gradients are made and averaged.
#pragma once

namespace glid {

class GradientReduction {
 public:
  virtual ~GradientReduction() = default;
  // An update begins: gradients are as good as zero.
  virtual void zero() = 0;
  // The next backward completes an update: average the accumulated gradients while it runs.
  virtual void prepare() = 0;
  // It has, and every parameter has a gradient: GradientReducer::gradients() hold them from here to the next zero().
  virtual void finish() = 0;
};

}  // namespace glid
