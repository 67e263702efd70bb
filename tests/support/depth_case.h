// A case of scripts/parity/depth.py: answers and depths, and what the task of depth makes of them.
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "glid/core/json.h"
#include "glid/tasks/depth.h"
#include "support/case_losses.h"
#include "support/small_run.h"

namespace glid {

inline ModelShape depth_case_shape(const Json& given) {
  ModelShape shape = small_model_shape();
  SwinShape encoder = *shape.encoder.swin();
  encoder.patch = 2;  // units of 16 px
  shape.encoder = encoder;
  shape.decoder.width = given.at("channels").as_int();
  return shape;
}

inline DepthConfig depth_config_of(const Json& given) {
  DepthConfig config{.bins = given.at("bins").as_int(),
                     .min_depth = given.at("least").as_double(),
                     .max_depth = given.at("most").as_double(),
                     .dot = {.dot_scale = 1}};
  config.bin_norm = given.at("bin_norm").as_string() == "linear" ? BinNorm::kLinear : BinNorm::kSoftmax;
  for (int64_t layer = 1; layer < given.at("layers").as_int(); ++layer)
    config.auxiliary.auxiliary.push_back({static_cast<double>(layer), 1});
  return config;
}

// A run for each picture, and the depths as the batch has them.
inline Question depth_question(const Json& given) {
  Question question;
  std::vector<int64_t> lengths;
  int64_t num_pixels = 0;
  for (const Json& size : given.at("sizes").as_array()) {
    const int64_t height = size.as_array()[0].as_int(), width = size.as_array()[1].as_int(), unit = 16;
    auto plan = std::make_shared<PlanTensors>();
    plan->grid = {(height + unit - 1) / unit, (width + unit - 1) / unit};
    plan->batch = 1;
    question.batch.images.push_back({.grid = plan->grid, .placement = Placement(height, width)});
    question.view.plan.runs.push_back(
        {std::move(plan), {static_cast<double>(height) / unit, static_cast<double>(width) / unit}});
    lengths.push_back(height * width);
    num_pixels += height * width;
  }
  const at::Tensor truth = numbers_of(given.at("truth"), {num_pixels});
  std::vector<float> measured;
  for (const at::Tensor& map : truth.split_with_sizes(lengths)) measured.push_back(map.gt(0).any().item<bool>() ? 1 : 0);
  question.batch.arrays["depth"] = {truth, lengths};
  question.batch.arrays["is_measured"] = {at::tensor(measured), std::vector<int64_t>(lengths.size(), 1)};
  return question;
}

inline Answer depth_answer(const Json& given, const BatchPlan& plan) {
  const int64_t layers = given.at("layers").as_int(), pictures = plan.num_images(), bins = given.at("bins").as_int(),
                channels = given.at("channels").as_int();
  Answer answer{{{"lengths", numbers_of(given.at("lengths"), {layers, pictures, bins, 1})},
                 {"embedding", numbers_of(given.at("embeddings"), {layers, pictures, bins, channels})}},
                {numbers_of(given.at("cells"), {-1, channels}), {}}};
  int64_t offset = 0;
  for (const ImageRun& run : plan.runs) {
    answer.features.images.push_back({offset, run.plan->height(0), run.plan->width(0)});
    offset += run.plan->height(0) * run.plan->width(0);
  }
  return answer;
}

inline std::vector<double> doubles_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kDouble).contiguous().flatten();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

// "centres" and "map" of the last layer, "si" of each layer and picture, and "total" of the loss.
inline std::map<std::string, std::vector<double>> depth_losses(const Json& given) {
  const Depth task(depth_config_of(given), {depth_case_shape(given), 16, {.has_depth = true}});
  const Question question = depth_question(given);
  const Answer answer = depth_answer(given, question.view.plan);
  std::vector<at::Tensor> maps, losses;
  for (const at::Tensor& map : task.maps(answer, question.view.plan, given.at("layers").as_int() - 1))
    maps.push_back(map.flatten());
  for (const LossTerm& term : task.losses({&answer, 1}, question).terms) losses.push_back(term.by_image);
  const DepthConfig config = depth_config_of(given);
  const at::Tensor centres =
      bin_centres(answer.at("lengths")[-1].squeeze(-1), config.min_depth, config.max_depth, config.bin_norm);
  return {{"centres", doubles_of(centres)},
          {"map", doubles_of(at::cat(maps))},
          {"si", doubles_of(at::cat(losses))},
          {"total", losses_by_name(task, {&answer, 1}, question).at("total")}};
}

}  // namespace glid
