// Samples with boxes, and answers about them.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "glid/tasks/detection.h"
#include "support/small_run.h"
#include "support/task_batches.h"

namespace glid {

inline constexpr int64_t kUnit = 8, kClasses = 3, kLayers = 3;

inline TaskContext detection_context() {
  return {small_model_shape(), 24, {.objects = {{1, "cat"}, {5, "dog"}, {9, "bird"}}}};
}

inline DetectionConfig small_detection(ClassLoss class_loss = ClassLoss::kFocal) {
  return {.queries = 4,
          .one_to_many = {.queries = 9, .repeats = 2, .weight = 0.5},
          .class_loss = class_loss,
          .query = {.query_init = QueryInit::kNormal}};  // equal queries would be told apart by rounding alone
}

inline Instance object(int64_t category, const Box& box) { return {.category = category, .box = box, .area = 1}; }

// A sample with `count` boxes of random places, and a crowd and an empty box besides.
inline Sample sample_with_boxes(int64_t id, int64_t count, int64_t height = 24, int64_t width = 24) {
  Sample sample{id, "sample " + std::to_string(id), noise_image(height, width, id), {}};
  Rng rng(4, 0, static_cast<uint64_t>(id), RandomOp::kExample);
  const auto side = [&](int64_t length) {
    const double a = rng.uniform(0, static_cast<double>(length)), b = rng.uniform(0, static_cast<double>(length));
    return std::pair{std::min(a, b), std::max(a, b) + 0.5};
  };
  for (int64_t i = 0; i < count; ++i) {
    const auto [x0, x1] = side(width);
    const auto [y0, y1] = side(height);
    sample.targets.instances.push_back(object((id + i) % kClasses, {x0, y0, x1, y1}));
  }
  Instance crowd = object(0, {1, 1, 9, 9});
  crowd.is_crowd = true;
  sample.targets.instances.push_back(crowd);
  sample.targets.instances.push_back(object(1, {5, 5, 5, 9}));
  return sample;
}

inline std::vector<Answer> random_answers(int64_t pictures, int64_t queries, int64_t classes) {
  return {{{{"class", 2 * at::randn({kLayers, pictures, queries, classes}, at::kDouble)},
            {"box", at::randn({kLayers, pictures, queries, 4}, at::kDouble)}},
           {}}};
}

inline std::vector<std::array<double, 4>> boxes_of(const at::Tensor& rows) {
  std::vector<std::array<double, 4>> boxes;
  for (const at::Tensor& row : rows.to(at::kDouble).unbind(0))
    boxes.push_back({row[0].item<double>(), row[1].item<double>(), row[2].item<double>(), row[3].item<double>()});
  return boxes;
}

// Logits of answers that are right in every respect.
inline std::vector<Answer> perfect_answers(const Question& question, int64_t queries, int64_t classes) {
  std::vector<Answer> answers = random_answers(question.batch.size(), queries, classes);
  answers[0].heads["class"] = at::full({kLayers, question.batch.size(), queries, classes}, -8, at::kDouble);
  if (classes > kClasses) answers[0].heads["class"].select(-1, kClasses).fill_(8);
  const BatchArray &boxes = question.batch.arrays.at("boxes"), &labels = question.batch.arrays.at("labels");
  for (int64_t b = 0, at = 0; b < question.batch.size(); ++b)
    for (int64_t i = 0; i < labels.lengths[static_cast<size_t>(b)]; ++i, ++at)
      for (int64_t layer = 0; layer < kLayers; ++layer) {
        answers[0].heads["box"][layer][b][i] = at::logit(boxes.values[at].to(at::kDouble), 1e-9);
        if (classes > kClasses) answers[0].heads["class"][layer][b][i][kClasses] = -8;
        answers[0].heads["class"][layer][b][i][labels.values[at].item<int64_t>()] = 8;
      }
  return answers;
}

}  // namespace glid
