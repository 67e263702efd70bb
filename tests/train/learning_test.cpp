// Tasks that learn eight scenes by heart.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "glid/config/read.h"
#include "glid/train/session.h"
#include "glid/train/validation.h"

namespace glid {
namespace {

struct Lesson {
  const char* name;
  std::vector<std::string> settings;
  int64_t steps;
  const char* value;  // of the metric
  double at_least;
};
std::ostream& operator<<(std::ostream& out, const Lesson& lesson) { return out << lesson.name; }

RunConfig configured(const Lesson& lesson) {
  std::vector<std::string> settings{"data={name: scenes, kind: classes, count: 8, size: 64, image_size: 32, workers: 0}",
                                    "train.batch_size=8", "eval.split=train", "optim.weight_decay=0"};
  settings.insert(settings.end(), lesson.settings.begin(), lesson.settings.end());
  RunConfig config;
  config::read(config::load_tree(std::string(GLID_SOURCE_DIR) + "/tests/support/small_run.yaml", settings), config);
  return config;
}

class Learning : public testing::TestWithParam<Lesson> {};

TEST_P(Learning, ByHeart) {
  const Lesson& lesson = GetParam();
  const RunConfig config = configured(lesson);
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  at::set_num_threads(1);
  Session session(config, make_dataset(config.data, Split::kTrain), batch_layout(config, *alone), *alone, at::kCPU);
  for (int64_t step = 0; step < lesson.steps; ++step) (void)train_step(session.learner, session.loader.next(), config.optim.lr);
  Validation validation(session);
  const MetricValues values = *validation.measure();
  const auto found = std::ranges::find(values, lesson.value, &MetricValue::name);
  ASSERT_NE(found, values.end());
  EXPECT_GE(found->value.value_or(0), lesson.at_least);
}

INSTANTIATE_TEST_SUITE_P(
    Tasks, Learning,
    testing::Values(
        Lesson{"semantic",
               {"task={name: semantic, queries: 12, points: 256, dot_scale: 1, query_init: normal, deep_supervision: false, flip: false}",
                "eval.metric=semantic", "optim.lr=2e-3"},
               150, "mIoU", 0.9},
        Lesson{"instance",
               {"task={name: instance, queries: 12, points: 256, dot_scale: 1, query_init: normal, deep_supervision: false, flip: false}",
                "eval.metric=mask", "optim.lr=2e-3"},
               150, "AP50", 0.9},
        Lesson{"panoptic",
               {"task={name: panoptic, queries: 12, points: 256, dot_scale: 1, query_init: normal, deep_supervision: false, flip: false}",
                "eval.metric=panoptic", "optim.lr=2e-3"},
               150, "PQ", 0.8}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace glid
