// Four scenes that a task is to learn by heart within half a minute.
#pragma once

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "glid/config/read.h"
#include "glid/train/session.h"
#include "glid/train/validation.h"

namespace glid {

struct Lesson {
  const char* name;
  std::vector<std::string> settings;
  int64_t steps;
  const char* value;  // of the metric
  double bar;         // that it must reach, from the side where it is better
};
inline std::ostream& operator<<(std::ostream& out, const Lesson& lesson) { return out << lesson.name; }

inline RunConfig configured(const Lesson& lesson) {
  std::vector<std::string> settings{"data={name: scenes, kind: classes, count: 4, size: 32, image_size: 32, workers: 0}",
                                    "train.batch_size=4", "eval.split=train", "optim.weight_decay=0"};
  settings.insert(settings.end(), lesson.settings.begin(), lesson.settings.end());
  RunConfig config;
  config::read(config::load_tree(std::string(GLID_SOURCE_DIR) + "/tests/support/small_run.yaml", settings), config);
  return config;
}

inline std::string masks_of(const std::string& task) {
  return "task={name: " + task +
         ", queries: 12, points: 256, dot_scale: 1, query_init: normal, deep_supervision: false, flip: false}";
}

inline std::vector<Lesson> lessons() {
  return {
      Lesson{"semantic", {masks_of("semantic"), "eval.metric=semantic", "optim.lr=2e-3"}, 150, "mIoU", 0.9},
      Lesson{"instance", {masks_of("instance"), "eval.metric=mask", "optim.lr=2e-3"}, 150, "AP50", 0.9},
      Lesson{"panoptic", {masks_of("panoptic"), "eval.metric=panoptic", "optim.lr=2e-3"}, 150, "PQ", 0.8},
      Lesson{"detection",
             {"task={name: detection, queries: 12, one_to_many: {queries: 0}, class_loss: softmax, box_reference: learned, "
              "query_init: grid, auxiliary: false, flip: false}",
              "eval.metric=box", "optim.lr=2e-3"},
             250,
             "AP50",
             0.9},
      Lesson{"depth",
             {"task={name: depth, bins: 16, mask_features: mean_norm, query_init: normal, flip: false}",
              "eval={metric: depth, crop: none, split: train}", "optim.lr=2e-3"},
             150,
             "abs_rel",
             0.05}};
}

// Trains and measures on all ranks of the group.
inline void learn_by_heart(const Lesson& lesson, Communicator& communicator) {
  const RunConfig config = configured(lesson);
  at::set_num_threads(1);
  Session session(config, make_dataset(config.data, Split::kTrain), batch_layout(config, communicator), communicator,
                  at::kCPU);
  for (int64_t step = 0; step < lesson.steps; ++step)
    (void)train_step(session.learner, session.loader.next(), config.optim.lr);
  Validation validation(session);
  const MetricValues values = *validation.measure();
  const auto found = std::ranges::find(values, lesson.value, &MetricValue::name);
  ASSERT_NE(found, values.end());
  ASSERT_TRUE(found->value.has_value());
  if (found->better == Better::kHigher) EXPECT_GE(*found->value, lesson.bar);
  else EXPECT_LE(*found->value, lesson.bar);
}

}  // namespace glid
