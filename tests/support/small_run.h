// A model and a task small enough for tests that train.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "glid/model/init.h"
#include "glid/tasks/masked_image.h"
#include "glid/train/step.h"

namespace glid {

inline ModelShape small_model_shape() {
  ModelShape shape;
  shape.encoder = {.channels = 8, .depths = {2, 2, 2, 2}, .heads = {1, 2, 2, 4}, .windows = {6, 6, 6, 6}, .patch = 1};
  shape.bifpn = {.width = 16, .cells = 1};
  shape.decoder = {.layers = 3, .width = 16, .heads = 2, .ffn = 32, .norm = NormOrder::kPre};
  return shape;
}

// A model in double or float on masked images of 24 px, with everything an update needs.
struct SmallRun {
  SmallRun(Communicator& communicator, at::ScalarType type)
      : shape(small_model_shape()),
        task({.mask_ratio = 0.5}, shape.encoder),
        model(std::make_shared<Glid>(shape, task.heads())),
        gradients(prepared(type), communicator),
        optimizer(gradients.parameters(), gradients.gradients(), make_param_groups(gradients.parameters(), 0.05), {}),
        scaler(Precision::kFp32, at::kCPU),
        learner{*model, task, communicator, gradients, optimizer, scaler} {}

  // Samples [first, first + count) of one endless generated set.
  Batch batch(int64_t first, int64_t count) const {
    Batch batch;
    std::vector<at::Tensor> images;
    std::vector<SamplePlan> plans;
    for (int64_t id = first; id < first + count; ++id) {
      const at::Tensor ramp = at::arange(24 * 24 * 3, at::kLong) * (id + 3) + id * 37;
      images.push_back(ramp.remainder(251).to(at::kByte).view({24, 24, 3}));
      batch.keys.push_back({5, 0, id});
      batch.names.push_back("generated");
      plans.push_back(task.plan(batch.keys.back(), 24, 24));
    }
    batch.images = at::stack(images);
    batch.plan = std::make_shared<WindowPlan>(collate(plans, shape.encoder.windows));
    return batch;
  }

  NamedTensors prepared(at::ScalarType type) {
    initialise(*model, 11);
    model->to(type);
    return named_parameters(*model);
  }

  ModelShape shape;
  MaskedImage task;
  std::shared_ptr<Glid> model;
  GradientReducer gradients;
  AdamW optimizer;
  LossScaler scaler;
  Learner learner;
};

// The largest difference of any two gradients, as a part of the tensor's largest value.
inline double largest_difference(const std::vector<at::Tensor>& got, const std::vector<at::Tensor>& expected) {
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double scale = expected[i].abs().max().item<double>();
    if (scale > 0) worst = std::max(worst, (got[i] - expected[i]).abs().max().item<double>() / scale);
  }
  return worst;
}

}  // namespace glid
