// A model and a task small enough for tests that train.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "glid/model/init.h"
#include "glid/optim/adamw.h"
#include "glid/tasks/masked_image.h"
#include "glid/train/step.h"

namespace glid {

inline ModelShape small_model_shape() {
  ModelShape shape;
  shape.encoder =
      SwinShape{.channels = 8, .depths = {2, 2, 2, 2}, .heads = {1, 2, 2, 4}, .windows = {6, 6, 6, 6}, .patch = 1};
  shape.bifpn = {.width = 16, .cells = 1};
  shape.decoder = {.layers = 3, .width = 16, .heads = 2, .norm = NormOrder::kPre};
  return shape;
}

// The same on a ViT, whose units are of 8 px too.
inline ModelShape small_vit_model_shape() {
  ModelShape shape = small_model_shape();
  shape.encoder = VitShape{.channels = 16, .depth = 2, .heads = 2, .patch = 4, .grid = 4, .layer_scale = 0.5};
  return shape;
}

inline MaskedImageConfig hiding_half() {
  MaskedImageConfig config;
  config.hiding.mask_ratio = 0.5;
  return config;
}

// A model in double or float on images of 24 px, with everything an update needs.
struct SmallRun {
  SmallRun(Communicator& communicator, at::ScalarType type)
      : SmallRun(communicator, type, std::make_unique<MaskedImage>(hiding_half(), small_model_shape().encoder, 24)) {}
  SmallRun(Communicator& communicator, at::ScalarType type, std::unique_ptr<const Task> asked,
           const ModelShape& model_shape = small_model_shape())
      : shape(model_shape),
        task(std::move(asked)),
        model(std::make_shared<Glid>(shape, task->spec())),
        gradients(prepared(type), communicator),
        optimizer(gradients.parameters(), gradients.gradients(), make_param_groups(gradients.parameters(), 0.05), {}),
        scaler(Precision::kFp32, at::kCPU),
        learner{*model, *task, communicator, gradients, optimizer, scaler} {}

  // Samples [first, first + count) of one endless generated set.
  Batch batch(int64_t first, int64_t count) const {
    std::vector<NamedPicture> pictures;
    for (int64_t id = first; id < first + count; ++id) {
      Sample sample{id, "generated", {24, 24, std::vector<uint8_t>(24 * 24 * 3)}, {}};
      for (int64_t i = 0; i < std::ssize(sample.image.pixels); ++i)
        sample.image.pixels[static_cast<size_t>(i)] = static_cast<uint8_t>((i * (id + 3) + id * 37) % 251);
      for (PreparedImage& image : task->prepare(sample, {5, 0, id}, {0, id}, /*training=*/true))
        pictures.push_back({{5, 0, id}, sample.name, std::move(image)});
    }
    return make_batch(std::move(pictures), shape.encoder.unit_px(),
                      [](int64_t bytes) { return at::empty({bytes}, at::kByte); });
  }

  // The gradients of the loss of some micro-batches.
  StepResult accumulate(const std::vector<Batch>& batches) {
    return accumulate_gradients(learner, batches, agree(learner, batches).counts);
  }

  NamedTensors prepared(at::ScalarType type) {
    initialise(*model, 11);
    model->to(type);
    return named_parameters(*model);
  }

  ModelShape shape;
  std::unique_ptr<const Task> task;
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
