// A case of scripts/parity/segmentation.py: answers and masks, and the losses of segmentation for them.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "glid/core/json.h"
#include "glid/tasks/semantic.h"
#include "support/case_losses.h"
#include "support/small_run.h"

namespace glid {

inline Semantic segmentation_of(const Json& given) {
  TaskContext context{small_model_shape(), 24, {}};
  context.model.decoder.layers = given.at("layers").as_int();
  context.vocabulary.labels.resize(static_cast<size_t>(given.at("classes").as_int()));
  return {{{.num_queries = given.at("queries").as_int(),
            .dot = {.dot_scale = 1},
            .points = {.points = given.at("points").as_int()}}},
          context};
}

// The batch's arrays and the pictures' sizes, in units of 8 x 8 cells and 16 x 16 pixels.
inline Question segmentation_question(const Json& given) {
  constexpr int64_t kPixels = 16;
  Question question;
  std::map<std::string, BatchArray>& arrays = question.batch.arrays;
  const std::vector<int64_t> lengths = int64s_of(given.at("lengths")), widths = int64s_of(given.at("widths"));
  const int64_t pictures = std::ssize(lengths), num_masks = std::ssize(given.at("masks").as_array());
  arrays["points"] = {numbers_of(given.at("places"), {pictures, -1, 2}), std::vector<int64_t>(lengths.size(), 1)};
  arrays["labels"] = {numbers_of(given.at("labels"), {num_masks}).to(at::kLong), lengths};
  const int64_t num_points = arrays["points"].values.size(1);
  std::vector<at::Tensor> values{at::empty({0, num_points})};
  size_t next = 0;
  for (int64_t b = 0; b < pictures; ++b) {
    const int64_t width = widths[static_cast<size_t>(b)];
    auto plan = std::make_shared<PlanTensors>();
    plan->grid = {1, width};
    plan->batch = 1;
    question.batch.images.push_back({.grid = plan->grid, .placement = Placement(kPixels, kPixels * width)});
    question.view.plan.runs.push_back({std::move(plan), {1, static_cast<double>(width)}});
    const at::Tensor places = arrays["points"].values[b].to(at::kFloat).contiguous();
    const std::span points(places.const_data_ptr<float>(), static_cast<size_t>(2 * num_points));
    for (int64_t n = 0; n < lengths[static_cast<size_t>(b)]; ++n) {
      std::vector<uint8_t> mask;
      for (const char pixel : given.at("masks").as_array()[next++].as_string()) mask.push_back(pixel == '1' ? 1 : 0);
      values.push_back(at::tensor(sample_mask(mask, kPixels, kPixels * width, points)).unsqueeze(0));
    }
  }
  arrays["mask_points"] = {at::cat(values), lengths};
  return question;
}

inline std::map<std::string, std::vector<double>> segmentation_losses(const Json& given) {
  const Semantic task = segmentation_of(given);
  const Question question = segmentation_question(given);
  const int64_t layers = given.at("layers").as_int(), pictures = question.batch.size(),
                queries = given.at("queries").as_int(), channels = given.at("channels").as_int();
  Answer answer{{{"class", numbers_of(given.at("logits"), {layers, pictures, queries, -1})},
                 {"embedding", numbers_of(given.at("embeddings"), {layers, pictures, queries, channels})}},
                {numbers_of(given.at("cells"), {-1, channels}), {}}};
  int64_t offset = 0;
  for (const ImageRun& run : question.view.plan.runs) {
    answer.features.images.push_back({offset, run.plan->height(0), run.plan->width(0)});
    offset += run.plan->height(0) * run.plan->width(0);
  }
  return losses_by_name(task, {&answer, 1}, question);
}

}  // namespace glid
