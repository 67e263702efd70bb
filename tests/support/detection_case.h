// A case of scripts/parity/detection.py: answers and objects, and the losses of detection for them.
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "glid/core/json.h"
#include "glid/tasks/detection.h"
#include "support/case_losses.h"
#include "support/small_run.h"

namespace glid {

inline ObjectDetection detection_of(const Json& given) {
  TaskContext context{small_model_shape(), 24, {}};
  context.model.decoder.layers = given.at("layers").as_int();
  context.vocabulary.objects.resize(static_cast<size_t>(given.at("classes").as_int()));
  DetectionConfig config{.queries = given.at("queries").as_int(),
                         .one_to_many = {.queries = given.at("many").as_int(), .repeats = given.at("repeats").as_int()}};
  config.class_loss = given.at("class_loss").as_string() == "focal" ? ClassLoss::kFocal : ClassLoss::kSoftmax;
  return {config, context};
}

inline Question question_of(const Json& given) {
  const std::vector<int64_t> lengths = int64s_of(given.at("lengths"));
  const int64_t count = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  Question question;
  question.batch.arrays["boxes"] = {numbers_of(given.at("truths"), {count, 4}), lengths};
  question.batch.arrays["labels"] = {numbers_of(given.at("labels"), {count}).to(at::kLong), lengths};
  return question;
}

// By name, of every layer: sum / count; and "total", with the weights.
inline std::map<std::string, std::vector<double>> detection_losses(const Json& given) {
  const ObjectDetection task = detection_of(given);
  const Question question = question_of(given);
  const int64_t layers = given.at("layers").as_int(), pictures = std::ssize(given.at("lengths").as_array()),
                queries = given.at("queries").as_int() + given.at("many").as_int();
  const std::vector<Answer> answers{{{{"class", numbers_of(given.at("logits"), {layers, pictures, queries, -1})},
                                      {"box", numbers_of(given.at("boxes"), {layers, pictures, queries, 4})}},
                                     {}}};
  return losses_by_name(task, answers, question);
}

}  // namespace glid
