// A run that goes on from one of its checkpoints leaves the files of a run that was never stopped. Stops are made by taking
// the later checkpoints away, which is what they come to, at a step that we choose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/program.h"
#include "support/run_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class GoingOn : public testing::Test {
 protected:
  using Options = std::vector<std::string>;
  static void append(Options& options, const Options& more) { options.insert(options.end(), more.begin(), more.end()); }

  ProgramResult train(const fs::path& out, const Options& more = {}) const {
    Options all = options_;
    append(all, more);
    return run("glid_train", small_training(out, all));
  }
  // A copy of the whole run as it was when its checkpoint of `step` was the newest.
  void stop_at(int64_t step) const {
    fs::copy(whole(), stopped(), fs::copy_options::recursive);
    for (const int64_t later : checkpoint_steps(stopped()))
      if (later > step) fs::remove_all(checkpoint_of(stopped(), later));
  }
  void change_state(int64_t step, const std::string& key, const std::function<Json(const Json&)>& change) const {
    const fs::path file = checkpoint_of(stopped(), step) / "state.json";
    const Json changed = with(Json::parse(read_file(file), file.string()), key, change);
    Json state = Json::object();
    for (const auto& [name, value] : changed.as_object())
      if (name != "checksum") state.set(name, value);
    write_file(file, state.dump(2));
  }

  // Everything but times: weights, optimizer, average, and every number that was logged.
  void expect_files_of_the_whole_run(const fs::path& out) const {
    expect_equal_checkpoints(whole(), out, 12);
    const std::vector<Json> expected = lines_of(whole() / "metrics.jsonl"), got = lines_of(out / "metrics.jsonl");
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i].as_object().size(), expected[i].as_object().size());
      for (const auto& [key, value] : expected[i].as_object())
        if (key != "images_per_s" && key != "data_wait" && key != "memory_mib") {
          EXPECT_EQ(got[i].at(key).dump(), value.dump()) << "line " << i << " " << key;
        }
    }
  }

  fs::path whole() const { return dir_.path() / "whole"; }
  fs::path stopped() const { return dir_.path() / "stopped"; }

  TemporaryFolder dir_;
  Options options_{"--set", "optim.ema=0.9", "--set", "checkpoint.every_steps=2"};
};

TEST_F(GoingOn, FromEveryCheckpointLeavesTheSameFiles) {
  ASSERT_EQ(train(whole()).code, 0);
  for (const int64_t step : {2, 6, 10, 12}) {
    fs::remove_all(stopped());
    stop_at(step);
    const ProgramResult result = train(stopped(), {"--set", "data.workers=3"});
    ASSERT_EQ(result.code, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr(format("going on at step {}", step)));
    expect_files_of_the_whole_run(stopped());
  }
}

TEST_F(GoingOn, OnTwoRanksLeavesTheSameFiles) {
  append(options_, {"--nproc", "2", "--set", "train.accumulate=2"});
  ASSERT_EQ(train(whole()).code, 0);
  stop_at(8);
  ASSERT_EQ(train(stopped()).code, 0);
  expect_files_of_the_whole_run(stopped());
}

// A validation that gave up, in the middle of the run and after its last step.
TEST_F(GoingOn, AValidationThatGaveUpIsMadeUpFor) {
  ASSERT_EQ(train(whole()).code, 0);
  for (const int64_t step : {6, 12}) {
    fs::remove_all(stopped());
    stop_at(step);
    change_state(step, "finished_step", [&](const Json&) { return step - 1; });
    change_state(step, "best", [&](const Json& best) { return with(best, "value", [](const Json&) { return Json(); }); });
    std::string kept;
    for (const Json& line : lines_of(stopped() / "metrics.jsonl"))
      if (line.at("step").as_int() < step || !line.find("val_loss")) kept += line.dump() + "\n";
    write_file(stopped() / "metrics.jsonl", kept);
    const ProgramResult result = train(stopped());
    ASSERT_EQ(result.code, 0) << result.output;
    expect_files_of_the_whole_run(stopped());
  }
}

TEST_F(GoingOn, KeepsTheBestCheckpointOfBefore) {
  ASSERT_EQ(train(whole()).code, 0);
  stop_at(8);
  const Json best = Json().set("name", "loss").set("value", 1e-9).set("step", 4);
  change_state(8, "best", [&](const Json&) { return best; });
  ASSERT_EQ(train(stopped(), {"--set", "checkpoint.keep=1"}).code, 0);
  EXPECT_THAT(checkpoint_steps(stopped()), ElementsAre(4, 12));
  const Json state = Json::parse(read_file(checkpoint_of(stopped(), 12) / "state.json"), "state.json");
  EXPECT_EQ(state.at("best").dump(), best.dump());
}

TEST_F(GoingOn, ABestByAnotherValueCountsNoMore) {
  ASSERT_EQ(train(whole()).code, 0);
  stop_at(10);
  const ProgramResult result = train(stopped(), {"--set", "eval.best=loss_ema"});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("eval.best: null -> loss_ema: the best checkpoint so far counts no more"));
  const Json state = Json::parse(read_file(checkpoint_of(stopped(), 12) / "state.json"), "state.json");
  EXPECT_EQ(state.at("best").at("name").as_string(), "loss_ema");
  EXPECT_EQ(state.at("best").at("step").as_int(), 12);
}

TEST_F(GoingOn, ABestOnOtherImagesCountsNoMore) {
  ASSERT_EQ(train(whole()).code, 0);
  stop_at(8);
  const Json best = Json().set("name", "loss").set("value", 1e-9).set("step", 4);
  change_state(8, "best", [&](const Json&) { return best; });
  const ProgramResult result = train(stopped(), {"--set", "eval.split=train"});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("eval.split: val -> train: the best checkpoint so far counts no more"));
  const Json state = Json::parse(read_file(checkpoint_of(stopped(), 12) / "state.json"), "state.json");
  EXPECT_EQ(state.at("best").at("step").as_int(), 12);
}

// Nothing is called done that wasn't.
TEST_F(GoingOn, IsRefusedWhereNoStepIsLeft) {
  ASSERT_EQ(train(whole()).code, 0);
  const ProgramResult elsewhere = train(dir_.path() / "other", {"--resume", whole().string()});
  EXPECT_EQ(elsewhere.code, 2) << elsewhere.output;
  EXPECT_THAT(elsewhere.output, HasSubstr("has no steps left (got step 12 of 12)"));
  const ProgramResult shorter = train(whole(), {"--set", "train.steps=8"});
  EXPECT_EQ(shorter.code, 2) << shorter.output;
  EXPECT_THAT(shorter.output, HasSubstr("has made more steps than the run is long (got step 12 of 8)"));
}

TEST_F(GoingOn, IsInTheLogFromItsFirstLine) {
  ASSERT_EQ(train(whole()).code, 0);
  stop_at(8);
  ASSERT_EQ(train(stopped()).code, 0);
  EXPECT_THAT(read_file(stopped() / "log.txt"), HasSubstr("going on at step 8"));
}

TEST_F(GoingOn, FromACheckpointOfAnotherFolderEndsAsThatRunDid) {
  ASSERT_EQ(train(whole()).code, 0);
  const fs::path out = dir_.path() / "other";
  const ProgramResult result = train(out, {"--resume", checkpoint_of(whole(), 6).string()});
  ASSERT_EQ(result.code, 0) << result.output;
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "ema.safetensors"})
    EXPECT_TRUE(read_file(checkpoint_of(whole(), 12) / name) == read_file(checkpoint_of(out, 12) / name)) << name;
  const ProgramResult again = train(out, {"--resume", checkpoint_of(whole(), 6).string()});
  EXPECT_EQ(again.code, 2) << again.output;
  EXPECT_THAT(again.output, HasSubstr("has a newer checkpoint than --resume"));
}

TEST_F(GoingOn, OnOtherDataIsRefused) {
  const fs::path data = dir_.path() / "data";
  ASSERT_EQ(run("glid_data", {"make-demo", "--out", data.string(), "--count", "40", "--size", "32"}).code, 0);
  append(options_, with_data("imagenet", data));
  append(options_, {"--set", "train.steps=2"});
  ASSERT_EQ(train(whole()).code, 0);
  for (const auto& entry : fs::recursive_directory_iterator(data / "train"))
    if (entry.is_regular_file()) {
      fs::copy_file(entry.path(), entry.path().parent_path() / "one_more.jpg");
      break;
    }
  const ProgramResult result = train(whole());
  EXPECT_EQ(result.code, 2) << result.output;
  EXPECT_THAT(result.output, HasSubstr("was written with other data"));
}

TEST_F(GoingOn, FromACheckpointOfAnotherFormatIsRefusedInOneSentence) {
  ASSERT_EQ(train(whole()).code, 0);
  stop_at(4);
  change_state(4, "format", [](const Json&) { return Json(1); });
  const ProgramResult result = train(stopped());
  EXPECT_EQ(result.code, 3) << result.output;
  EXPECT_THAT(result.output, HasSubstr("format that can't be gone on with (got 1)"));
}

}  // namespace
}  // namespace glid
