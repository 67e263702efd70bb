// What differs between one process and a group when gradients are averaged.
#pragma once

namespace glid {

class GradientReduction {
 public:
  virtual ~GradientReduction() = default;
  // The next backward completes an update: average the accumulated gradients while it runs.
  virtual void prepare() = 0;
};

}  // namespace glid
