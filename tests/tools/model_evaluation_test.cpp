// glid_eval --checkpoint: the same numbers for any number of ranks and from the files that it writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/evaluated_run.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A run of depth on scenes of 36 pixels, seen in 24, two validations long.
class ModelEvaluation : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    run_ = std::make_unique<EvaluatedRun>(std::vector<std::string>{
        "task={name: depth, bins: 8}", "data={name: scenes, count: 70, size: 36, image_size: 24, workers: 1}",
        "eval={every_steps: 4, metric: depth, crop: none}", "optim.ema=0.9", "train.steps=8", "train.batch_size=4"});
  }
  static void TearDownTestSuite() { run_.reset(); }

  static fs::path a_run() { return run_->path(); }
  fs::path file(const std::string& name) const { return own_.path() / name; }

  static ProgramResult evaluate(const std::vector<std::string>& options, const fs::path& checkpoint = a_run()) {
    return run_evaluation(checkpoint, options);
  }
  static Json report(const std::vector<std::string>& options) { return report_of_run(a_run(), options); }
  static Json validation(int64_t step) { return run_->validation(step); }

  TemporaryFolder own_;

 private:
  static inline std::unique_ptr<EvaluatedRun> run_;
};

TEST_F(ModelEvaluation, FindsWhatTheRunMeasuredItself) {
  for (const int64_t step : {4, 8}) {
    const Json found = report({"--which", std::to_string(step)}), known = validation(step);
    for (const char* name : {"rmse", "abs_rel", "d1"})
      EXPECT_EQ(found.at("metrics").at(name).as_double(), known.at(std::string("val_") + name).as_double()) << name;
    EXPECT_EQ(found.at("losses").at("loss").as_double(), known.at("val_loss").as_double());
    const Json averages = report({"--which", std::to_string(step), "--set", "eval.weights=ema"});
    EXPECT_EQ(averages.at("metrics").at("rmse").as_double(), known.at("val_rmse_ema").as_double());
  }
  EXPECT_THAT(report({"--which", "last"}).at("model").at("checkpoint").as_string(), HasSubstr("step_00000008 (the newest)"));
  EXPECT_GT(report({}).at("without_looking").at("rmse").as_double(), 0);
  EXPECT_THAT(report({}).at("model").at("checkpoint").as_string(), HasSubstr("(best by rmse)"));
}

// As runs are that were stopped before their first validation, or lost a checkpoint.
TEST_F(ModelEvaluation, ARunWithoutABestGivesItsNewest) {
  const fs::path run = own_.path() / "run", file = run / "checkpoints/step_00000008/state.json";
  fs::copy(a_run(), run, fs::copy_options::recursive);
  const auto write_best = [&](int64_t step) {
    const Json state = Json::parse(read_file(file), "state");
    Json changed = Json::object();
    for (const auto& [key, value] : state.as_object())
      if (key != "checksum")
        changed.set(key, key == "best" ? Json::object().set("name", "rmse").set("value", Json()).set("step", step) : value);
    write_file(file, changed.dump());
  };
  write_best(-1);
  expect_one_line(evaluate({"--which", "best"}, run), 3,
                  "has no best checkpoint: no validation has measured rmse yet (got --which best); --which last");
  EXPECT_THAT(evaluate({}, run).output, HasSubstr("step_00000008 (the newest, as none is best yet)"));
  write_best(4);
  fs::remove_all(run / "checkpoints/step_00000004");
  expect_one_line(evaluate({}, run), 3, "can't give its best checkpoint: ");
}

TEST_F(ModelEvaluation, RanksChangeNothing) {
  const Json alone = report({"--batch", "3"});
  for (const char* ranks : {"2", "3"}) EXPECT_EQ(report({"--batch", "3", "--nproc", ranks}).dump(), alone.dump()) << ranks;
}

TEST_F(ModelEvaluation, IntervalsAreOfAllRanksImages) {
  const std::vector<std::string> options{"--batch", "3", "--bootstrap", "100"};
  const Json alone = report(options), raw = alone.at("metrics");
  const Json::Array& samples = alone.at("bootstrap").at("values").at("rmse").as_array();
  ASSERT_EQ(samples.size(), 100);
  const auto [low, high] = std::ranges::minmax(samples, {}, &Json::as_double);
  EXPECT_LT(low.as_double(), raw.at("rmse").as_double());
  EXPECT_GT(high.as_double(), raw.at("rmse").as_double());
  std::vector<std::string> on_two = options;
  on_two.insert(on_two.end(), {"--nproc", "2"});
  EXPECT_EQ(report(on_two).dump(), alone.dump());
  expect_one_line(evaluate({"--bootstrap", "100", "--set", "eval.metric=loss"}), 2, "--bootstrap: is for metrics");
}

TEST_F(ModelEvaluation, FilesScoreTheSame) {
  const fs::path out = file("out");
  const ProgramResult ran = evaluate(
      {"--out", out.string(), "--nproc", "2", "--json", file("model.json").string(), "--plots", file("plots").string()});
  ASSERT_EQ(ran.code, 0) << ran.output;
  EXPECT_TRUE(fs::exists(file("plots") / "depth_errors.png"));
  expect_files_to_score(ran.output, Json::parse(read_file(file("model.json")), "model"));
  expect_one_line(evaluate({"--out", out.string()}), 2, "--out: is there already");
}

// Scenes have no ids of their own: what the data are tells them apart.
TEST_F(ModelEvaluation, ComparisonsNameBothSidesAndSeeOtherData) {
  const fs::path a = file("a.json"), b = file("b.json"), fewer = file("fewer.json");
  ASSERT_EQ(evaluate({"--which", "4", "--json", a.string()}).code, 0);
  ASSERT_EQ(evaluate({"--which", "8", "--set", "eval.weights=ema", "--set", "data.seed=5", "--json", b.string()}).code, 0);
  const ProgramResult compared = run("glid_eval", {"--compare", a.string(), b.string()});
  EXPECT_EQ(compared.code, 0) << compared.output;
  EXPECT_THAT(compared.output, HasSubstr("step_00000004 (as given), step 4, weights raw"));
  EXPECT_THAT(compared.output, HasSubstr("step_00000008 (as given), step 8, weights ema"));
  EXPECT_THAT(compared.output, HasSubstr("note: the data differ, though their images have the same ids: scenes, list "));
  ASSERT_EQ(evaluate({"--set", "eval.fraction=0.5", "--json", fewer.string()}).code, 0);  // images 0, 1, 3 and 5
  ASSERT_EQ(evaluate({"--set", "data.count=40", "--json", a.string()}).code, 0);          // 0 to 3
  expect_one_line(run("glid_eval", {"--compare", a.string(), fewer.string()}), 3, "fewer.json: is of other images than");
}

TEST_F(ModelEvaluation, ACheckpointFolderWorksAlone) {
  fs::copy(a_run() / "checkpoints" / "step_00000008", file("copy"), fs::copy_options::recursive);
  const ProgramResult ran = evaluate({}, file("copy"));
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("copy (as given)"));
  EXPECT_THAT(ran.output, testing::AllOf(HasSubstr("evaluation: 7 images in "), HasSubstr("without looking: 7 images in ")));
  expect_one_line(evaluate({"--which", "last"}, file("copy")), 2, "--which: chooses among the checkpoints of a run");
}

TEST_F(ModelEvaluation, FlipsAreAnotherMeasure) {
  const Json plain = report({}), flipped = report({"--set", "eval.tta=flip"});
  EXPECT_NE(plain.at("metrics").at("rmse").dump(), flipped.at("metrics").at("rmse").dump());
  EXPECT_EQ(flipped.at("images").as_int(), plain.at("images").as_int());
  EXPECT_EQ(flipped.at("model").at("tta").as_string(), "flip");
  expect_one_line(evaluate({"--set", "eval.tta=scales_flip"}), 2,
                  "eval.tta must be none|flip for task.name: depth (got scales_flip)");
}

TEST_F(ModelEvaluation, MistakesAreOneLine) {
  expect_one_line(evaluate({}, file("none")), 3, "none: does not exist");
  fs::create_directory(file("empty"));
  expect_one_line(evaluate({}, file("empty")), 3, "is neither a checkpoint nor a run with one");
  expect_one_line(evaluate({"--which", "5"}), 3, "step_00000005: is not there");
  expect_one_line(evaluate({"--which", "first"}), 2, "--which: must be best, last or a step (got first)");
  expect_one_line(evaluate({"--task", "depth"}), 2, "--task: is about files");
  expect_one_line(evaluate({"--plots", file("plots").string()}), 2, "--plots: is drawn from the files of --out");
  expect_one_line(evaluate({"--set", "data={name: nyu_depth, root: /none, image_size: 24}"}), 3, "--set data.root=DIR");
  expect_one_line(evaluate({"--split", "val", "--set", "eval.split=train"}), 2, "give one of the two");
  expect_one_line(evaluate({"--set", "task={name: classification}", "--set", "eval={metric: accuracy}"}), 2,
                  "is a checkpoint of another task (got depth for classification)");
}

// One rank can't write, here because of a folder above whose name is too long: the others end with it, at once and without a
// line of their own.
TEST_F(ModelEvaluation, ResultsThatCantBeWrittenEndAllRanks) {
  const std::string out = (file(std::string(256, 'x')) / "out").string(), says = "File name too long";
  expect_one_line(evaluate({"--out", out}), 1, says);
  const ProgramResult on_two = evaluate({"--out", out, "--nproc", "2"});
  EXPECT_EQ(on_two.code, 1) << on_two.output;
  EXPECT_THAT(on_two.output, HasSubstr(says));
  EXPECT_THAT(on_two.output, HasSubstr("rank 0 of 2 failed with exit code 1"));  // the launcher's line
  EXPECT_EQ(on_two.num_lines(), 2) << on_two.output;
  const ProgramResult below_a_file = evaluate({"--out", (a_run() / "config.yaml" / "out").string(), "--nproc", "2"});
  EXPECT_EQ(below_a_file.code, 2) << below_a_file.output;
  EXPECT_THAT(below_a_file.output, HasSubstr("--out: lies below a file"));
  EXPECT_EQ(below_a_file.num_lines(), 2) << below_a_file.output;
}

// Pre-training has no metric: its loss is what can be measured.
TEST_F(ModelEvaluation, OfAPreTrainingIsItsLoss) {
  const fs::path pre = file("pre");
  ASSERT_EQ(run("glid_train", small_training(pre, {"--set", "train.steps=4", "--set", "eval.every_steps=4"})).code, 0);
  const ProgramResult ran = evaluate({}, pre);
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("loss: 6 images\nprotocol masked_image"));
  expect_one_line(evaluate({"--out", file("out").string()}, pre), 2, "--out: is for metrics with result files (got loss)");
}

}  // namespace
}  // namespace glid
