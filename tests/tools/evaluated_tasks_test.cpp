// glid_eval --checkpoint of tasks beside depth (model_evaluation_test.cpp): the numbers of the run's own validation, of two
// ranks, and of the files that they write together.
#include <gtest/gtest.h>

#include "support/evaluated_run.h"

namespace glid {
namespace {

struct EvaluatedTask {
  const char* name;
  std::vector<std::string> settings;
  std::vector<std::string> tasks = {};  // of several, whose files are apart
};
std::ostream& operator<<(std::ostream& out, const EvaluatedTask& task) { return out << task.name; }

std::string scenes_of_kind(const std::string& kind) {
  return "data={name: scenes, kind: " + kind + ", count: 120, size: 32, image_size: 24, workers: 1}";
}

class EvaluatedTasks : public testing::TestWithParam<EvaluatedTask> {};

TEST_P(EvaluatedTasks, HaveOneNumberWhoeverMeasures) {
  std::vector<std::string> settings{"train.steps=6", "train.batch_size=4", "optim.lr=2e-3", "log.pictures_every_steps=0"};
  settings.insert(settings.end(), GetParam().settings.begin(), GetParam().settings.end());
  const EvaluatedRun run(settings);
  const Json alone = report_of_run(run.path(), {}), known = run.validation(6);
  int64_t num_between = 0;  // that a wrong number would most likely not equal by chance
  for (const auto& [name, value] : alone.at("metrics").as_object()) {
    const Json* in_run = known.find("val_" + name);
    ASSERT_EQ(in_run != nullptr && !in_run->is_null(), !value.is_null()) << name;
    if (value.is_null()) continue;
    EXPECT_EQ(value.as_double(), in_run->as_double()) << name;
    num_between += value.as_double() > 0 && value.as_double() < 1;
  }
  EXPECT_GT(num_between, 0);

  const TemporaryFolder folder;
  const std::filesystem::path json = folder.path() / "two.json";
  const ProgramResult on_two =
      run_evaluation(run.path(), {"--nproc", "2", "--json", json.string(), "--out", (folder.path() / "out").string()});
  ASSERT_EQ(on_two.code, 0) << on_two.output;
  EXPECT_EQ(Json::parse(read_file(json), "two").dump(), alone.dump());
  if (GetParam().tasks.empty()) expect_files_to_score(on_two.output, alone);
  else expect_files_of_tasks_to_score(on_two.output, GetParam().tasks, alone);
}

TEST(EvaluatedDetection, RefusesDataOfOtherClassesAndSettingsOfAnotherModel) {
  const EvaluatedRun run({scenes_of_kind("classes"), "train.steps=1", "log.pictures_every_steps=0", "eval.metric=box",
                          "task={name: detection, queries: 5, one_to_many: {queries: 0}}"});
  expect_one_line(run_evaluation(run.path(), {"--set", "data.kind=figures"}), 2,
                  "data: has another number of classes of box than the model was trained on (got 1 for 6)");
  expect_one_line(run_evaluation(run.path(), {"--set", "task.queries=6"}), 3,
                  "holds a tensor of another shape (got decoder.query_embed)");
}

INSTANTIATE_TEST_SUITE_P(
    Tasks, EvaluatedTasks,
    testing::Values(EvaluatedTask{"detection",
                                  {scenes_of_kind("classes"), "eval.metric=box",
                                   "task={name: detection, queries: 12, one_to_many: {queries: 0}, box_reference: learned, "
                                   "query_init: grid}"}},
                    EvaluatedTask{"pose",
                                  {scenes_of_kind("figures"), "task={name: pose, query_init: normal}",
                                   "eval={metric: keypoint, sigmas: [.5, .5, .5, .5, .5, .5, .5, .5, .5, .5, .5, .5, .5]}"}},
                    EvaluatedTask{"multitask",
                                  {scenes_of_kind("classes"), "eval.metric=multitask",
                                   "task={name: multitask, semantic: {queries: 9, points: 32}, "
                                   "instance: {queries: 9, points: 32}, panoptic: {queries: 9, points: 32}}"},
                                  {"semantic", "instance", "panoptic"}},
                    EvaluatedTask{
                        "panoptic",
                        {scenes_of_kind("classes"), "eval={metric: multitask, tasks: [panoptic, semantic, instance]}",
                         "task={name: panoptic, queries: 9, points: 32}"},
                        {"panoptic", "semantic", "instance"}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace glid
