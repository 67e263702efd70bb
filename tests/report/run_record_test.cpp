#include "glid/report/run_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "written_runs.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RunRecordTest : public testing::Test {
 protected:
  std::string error_of(const std::filesystem::path& place) const {
    try {
      read_run(place);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  TemporaryFolder folder_;
  const std::filesystem::path run_ = folder_.path() / "a";
};

TEST_F(RunRecordTest, TakesTheLogApart) {
  write_run(run_, {.log = kSomeLog});
  const RunLogRecord log = read_run(run_).log;
  ASSERT_THAT(log.starts, SizeIs(1));
  EXPECT_EQ(log.starts[0].time, "2026-01-02 03:04:07");
  EXPECT_EQ(log.starts[0].command, "glid_train --config a.yaml");
  EXPECT_THAT(log.starts[0].environment, HasSubstr("on host, cpu"));
  EXPECT_THAT(log.load_reports,
              ElementsAre("weights from other.safetensors\n  encoder: 10 of 12 loaded\n  missing, keeps its "
                          "initial value: a b"));
  EXPECT_THAT(log.data, HasSubstr("40 training images, 10 to validate on; 60 steps"));
  EXPECT_THAT(log.warnings, ElementsAre("slow disk"));
  EXPECT_EQ(log.end, "");
}

TEST_F(RunRecordTest, AnEndIsOfTheLastStart) {
  const std::string interrupted = std::string(kSomeLog) + "2026-01-02 04:00:00 interrupted: checkpoint written at step 5\n";
  write_run(run_, {.log = interrupted});
  EXPECT_THAT(read_run(run_).log.end, HasSubstr("step 5"));
  write_run(run_, {.log = interrupted + kSomeLog});
  EXPECT_EQ(read_run(run_).log.end, "");
  EXPECT_THAT(read_run(run_).log.starts, SizeIs(2));
}

TEST_F(RunRecordTest, ReadsWhatARunThatHasJustBegunHas) {
  write_run(run_, {});
  const RunRecord run = read_run(run_);
  EXPECT_EQ(run.name, "a");
  EXPECT_THAT(run.metrics, IsEmpty());
  EXPECT_FALSE(run.state);
  EXPECT_EQ(run.setting("optim.lr"), "0.001");
  EXPECT_EQ(run.setting("task.name"), "detection");
  EXPECT_EQ(run.setting("task"), "");
}

TEST_F(RunRecordTest, ATornLineIsCountedAndLeftOut) {
  write_run(run_, {.metrics = std::string(kSomeLines) + R"({"step":30,"loss":0.)"});
  const RunRecord run = read_run(run_);
  EXPECT_THAT(run.metrics, SizeIs(5));
  EXPECT_EQ(run.damaged_lines, 1);
}

TEST_F(RunRecordTest, FindsReportsInTheFolder) {
  write_run(run_, {});
  write_file(run_ / "eval.json", report_json(accuracy_report(20, 3, {"cat"})));
  write_file(run_ / "eval_flip.json", report_json(accuracy_report(20, 4, {"cat"})));
  write_file(run_ / "eval_torn.json", "{\"metrics\": ");
  write_file(run_ / "other.json", "{}");
  const RunRecord run = read_run(run_);
  ASSERT_THAT(run.reports, SizeIs(2));
  EXPECT_EQ(run.reports[1].name, "eval_flip");
  EXPECT_THAT(run.left_out, ElementsAre(HasSubstr("eval_torn.json: is not valid JSON")));
}

TEST_F(RunRecordTest, ADamagedConfigurationIsLeftOut) {
  write_run(run_, {});
  write_file(run_ / "config.yaml", "x: [");
  const RunRecord run = read_run(run_);
  EXPECT_TRUE(run.config.empty());
  EXPECT_THAT(run.left_out, ElementsAre(HasSubstr("config.yaml")));
}

TEST_F(RunRecordTest, AReportAloneIsARunToo) {
  const std::filesystem::path file = folder_.path() / "theirs.json";
  write_file(file, report_json(accuracy_report(20, 3, {"cat"})));
  const RunRecord run = read_run(file);
  EXPECT_EQ(run.name, "theirs");
  EXPECT_THAT(run.reports, SizeIs(1));
}

TEST_F(RunRecordTest, NamesWhatIsNoRun) {
  EXPECT_EQ(error_of(run_), run_.string() + ": is not there");
  std::filesystem::create_directories(run_);
  EXPECT_EQ(error_of(run_), run_.string() + ": is no run's folder; it has no config.yaml, metrics.jsonl or log.txt");
  write_run(run_, {.state = "{}"});
  EXPECT_THAT(error_of(run_ / "checkpoints" / "step_00000020"), HasSubstr("is a checkpoint, not a run"));
  write_file(folder_.path() / "x.json", "{}");
  EXPECT_THAT(error_of(folder_.path() / "x.json"), HasSubstr("x.json: is no report of glid_eval"));
}

}  // namespace
}  // namespace glid
