// From the pictures of a batch to what the model is given: normalised pixels, plans and the draws of drop path.
#pragma once

#include "glid/data/batch.h"
#include "glid/model/encoder_shape.h"
#include "glid/model/query.h"
#include "glid/tasks/task.h"

namespace glid {

class Viewer {
 public:
  explicit Viewer(const EncoderShape& encoder) : encoder_(encoder) {}

  // A question about the batch, which is on the device, without queries yet.
  Question look_at(Batch batch) const;

  // Plans of masked pictures come with the batch; those of whole ones are made once and kept on the device.
  View view(const Batch& batch) const;
  // Pixels of units [units, U, U, 3] in ImageNet's mean and deviation, 0 beyond the pictures.
  at::Tensor pixels(const Batch& batch, const View& view) const;

 private:
  ImageRun run(const BatchRun& run, const BatchImage& first, const at::Device& device) const;

  EncoderShape encoder_;
  mutable WholeImagePlans whole_;
};

}  // namespace glid
