#include "glid/report/run_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>

#include "glid/core/error.h"
#include "glid/report/report_page.h"
#include "written_runs.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
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

// To open a pipe would wait for ever.
TEST_F(RunRecordTest, WhatIsNoFileIsLeftOut) {
  write_run(run_, {.metrics = kSomeLines, .log = kSomeLog, .state = "{}"});
  write_file(run_ / "eval.json", report_json(accuracy_report(20, 3, {})));
  for (const char* name : {"metrics.jsonl", "log.txt", "config.yaml", "eval.json", "checkpoints/step_00000020/state.json"}) {
    const std::filesystem::path file = run_ / name, kept = folder_.path() / "kept";
    std::filesystem::rename(file, kept);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_THAT(read_run(run_).left_out, ElementsAre(file.string() + ": is a pipe, not a file")) << name;
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    EXPECT_THAT(read_run(run_).left_out, ElementsAre(HasSubstr(file.string() + ": is a folder"))) << name;
    std::filesystem::remove(file);
    std::filesystem::rename(kept, file);
  }
  EXPECT_THAT(read_run(run_).left_out, IsEmpty());
}

// Who has the folder, and where the run goes on.
TEST_F(RunRecordTest, ALockTellsWhoseItIs) {
  write_run(run_, {.metrics = kSomeLines, .log = kSomeLog, .state = R"({"step":27})"});
  LockOwner owner = LockOwner::self();
  put_file(run_ / "run.lock", owner.dump());
  const std::string going_on = report_page({read_run(run_)});
  EXPECT_THAT(going_on, HasSubstr("<td>going on (" + owner.name() + ")</td>"));
  EXPECT_THAT(going_on, Not(HasSubstr("goes on with")));
  ++owner.start;  // another process had the number
  put_file(run_ / "run.lock", owner.dump());
  const std::string killed = report_page({read_run(run_)});
  EXPECT_THAT(killed, HasSubstr("<td>killed or lost</td>"));
  EXPECT_THAT(killed, HasSubstr("a: killed or lost: its " + owner.name() +
                                " is gone; newest checkpoint: step_00000020; goes on with glid_train --config a.yaml"));
  EXPECT_THAT(killed, HasSubstr("<data value=\"27\">27</data> of 60")) << "steps behind the last line";
}

// Of a process of another host only the lock's time tells.
TEST_F(RunRecordTest, ALockOfAnotherHostIsHeldWhileItIsRenewed) {
  write_run(run_, {.log = kSomeLog});
  LockOwner owner = LockOwner::self();
  owner.host = "far", owner.processes = "others";
  put_file(run_ / "run.lock", owner.dump());
  EXPECT_EQ(read_run(run_).lock, LockState::kHeld);
  std::filesystem::last_write_time(run_ / "run.lock", std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_EQ(read_run(run_).lock, LockState::kLeft);
  EXPECT_THAT(report_page({read_run(run_)}), HasSubstr("its process " + std::to_string(owner.pid) + " on far is gone"));
}

TEST_F(RunRecordTest, AnEndedRunHasNoWayOn) {
  write_run(run_, {.log = std::string(kSomeLog) + "2026-01-02 04:00:00 interrupted: checkpoint written at step 5\n"});
  EXPECT_THAT(report_page({read_run(run_)}), HasSubstr("a: interrupted; no checkpoint yet; goes on with glid_train"));
  write_run(run_, {.log = std::string(kSomeLog) + "2026-01-02 04:00:00 done: 60 steps in runs/a\n"});
  EXPECT_THAT(report_page({read_run(run_)}), Not(HasSubstr("goes on with")));
}

TEST_F(RunRecordTest, ADamagedConfigurationIsLeftOut) {
  write_run(run_, {});
  write_file(run_ / "config.yaml", "x: [");
  const RunRecord run = read_run(run_);
  EXPECT_TRUE(run.config.empty());
  EXPECT_THAT(run.left_out, ElementsAre(HasSubstr("config.yaml")));
}

// A member that the page needs is absent or of another type, a file each.
TEST_F(RunRecordTest, DamagedMembersAreLeftOutAndNamed) {
  const std::string report = R"({"task":"box","protocol":"coco","rules":"r","images":1,"metrics":{"AP":0.5})";
  const std::vector<std::pair<std::string, std::vector<std::string>>> damaged{
      {"checkpoints/step_00000020/state.json",
       {R"({"best":{}})", R"({"best":{"name":"AP","step":"x","value":1}})", R"({"best":{"name":1,"step":1,"value":1}})",
        R"({"best":{"name":"AP","step":1,"value":"x"}})", R"({"step":"x"})", R"({"dataset":"x"})",
        R"({"vocabulary":{"labels":"x"}})"}},
      {"data.json",
       {R"({"dataset":"coco","splits":[{}]})", R"({"dataset":1,"splits":[]})", R"({"dataset":"coco","splits":{}})",
        R"({"dataset":"coco","splits":[{"split":"val","images":"x","findings":[],"classes":{}}]})",
        R"({"dataset":"coco","splits":[{"split":"val","images":1,"findings":1,"classes":{}}]})",
        R"({"dataset":"coco","splits":[{"split":"val","images":1,"findings":[],"classes":{"labels":[{"name":1}]}}]})",
        R"({"dataset":"coco","splits":[{"split":"val","images":1,"findings":[],)"
        R"("classes":{"labels":[{"name":"a","n":"x"}]}}]})"}},
      {"eval.json",
       {report + R"(,"notes":"x"})", report + R"(,"notes":[1]})", report + R"(,"losses":{"loss":"x"}})",
        report + R"(,"without_looking":{"AP":"x"}})", report + R"(,"classes_in_means":{"AP":"x"}})",
        report + R"(,"unit":1})", report + R"(,"per_class":"x"})", report + R"(,"per_class":[{"id":1,"AP":1}]})",
        report + R"(,"per_class":[{"id":1,"name":"a","AP":"x"}]})"}},
  };
  write_run(run_, {.metrics = kSomeLines, .state = "{}"});
  for (const auto& [file, texts] : damaged) {
    for (const std::string& text : texts) {
      write_file(run_ / file, text);
      const RunRecord run = read_run(run_);
      EXPECT_THAT(run.left_out, ElementsAre(testing::ContainsRegex(file + ": is (a )?damaged"))) << text;
      EXPECT_THAT(report_page({run}), HasSubstr("a: left out: ")) << text;
    }
    std::filesystem::remove(run_ / file);
    write_run(run_, {.state = "{}"});
  }
}

TEST_F(RunRecordTest, LinesWithoutNumbersAreDamaged) {
  for (const char* line : {R"({"step":30,"loss":"x"})", R"({"step":30,"val_AP":{}})", R"({"step":30,"lr":[]})",
                           R"({"step":30,"without_looking":{"AP":"x"}})", R"({"step":30,"without_learning":"x"})"}) {
    write_run(run_, {.metrics = std::string(line) + "\n" + kSomeLines});
    const RunRecord run = read_run(run_);
    EXPECT_THAT(run.metrics, SizeIs(5)) << line;
    EXPECT_EQ(run.damaged_lines, 1) << line;
    EXPECT_THAT(report_page({run}), HasSubstr("left out: 1 damaged line of metrics.jsonl")) << line;
  }
}

TEST_F(RunRecordTest, WhatAFileMayLackIsNoDamage) {
  write_run(run_, {.metrics = kSomeLines,
                   .state = R"({"best":{"name":"","step":-1,"value":null},"vocabulary":{"labels":[],"has_masks":true}})"});
  write_file(run_ / "eval.json",
             R"({"task":"box","protocol":"","rules":"r","images":1,"metrics":{"AP":null},"per_class":null})");
  write_file(run_ / "data.json", R"({"dataset":"coco","splits":[]})");
  const RunRecord run = read_run(run_);
  EXPECT_THAT(run.left_out, IsEmpty());
  EXPECT_EQ(run.damaged_lines, 0);
  EXPECT_THAT(report_page({run}), HasSubstr("Evaluation"));
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
