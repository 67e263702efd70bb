#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <regex>

#include "support/program.h"
#include "written_runs.h"

namespace glid {
namespace {

using testing::HasSubstr;

class ReportProgram : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::filesystem::path a_ = write_run(folder_.path() / "a", {.metrics = kSomeLines, .log = kSomeLog});
  const std::filesystem::path page_ = folder_.path() / "new" / "page.html";
};

TEST_F(ReportProgram, WritesThePage) {
  const auto same = write_run(folder_.path() / "x" / "a", {});
  const ProgramResult ran = run("glid_report", {a_.string(), "other=" + same.string(), "--out", page_.string(), "--epochs"});
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("wrote " + page_.string() + ": 2 runs"));
  const std::string page = read_file(page_);
  EXPECT_THAT(page, HasSubstr("<title>a, other</title>"));
  EXPECT_THAT(page, HasSubstr("val_loss over epochs"));
  EXPECT_TRUE(std::regex_search(page, std::regex("Made on 20[0-9-]{8} [0-9]{2}:[0-9]{2} [^ ]+ by glid_report ")));
}

// What no shell does: it has a ~ at the beginning of a word alone.
TEST_F(ReportProgram, ExpandsTheHomeFolderBehindAName) {
  const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "";
  setenv("HOME", folder_.path().c_str(), 1);
  const ProgramResult ran = run("glid_report", {"mine=~/a", "--out", page_.string()});
  const ProgramResult missing = run("glid_report", {"mine=~/b", "--out", page_.string()});
  setenv("HOME", home.c_str(), 1);
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(read_file(page_), HasSubstr("<title>mine</title>"));
  EXPECT_THAT(missing.output, HasSubstr((folder_.path() / "b").string() + ": is not there"));
}

TEST_F(ReportProgram, MistakesAreOneLineAndTwo) {
  const auto same = write_run(folder_.path() / "x" / "a", {});
  const std::string a = a_.string(), page = page_.string();
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--out", page}, "wants at least one run; glid_report RUN... --out report.html"},
      {{a}, "--out: is missing"},
      {{a, "--out", a + "/page.txt"}, "--out: must end in .html"},
      {{a, "--out", a + "/config.yaml/page.html"}, "--out: lies below a file"},
      {{folder_.path().string(), "--out", page}, "is no run's folder"},
      {{a, "x=", "--out", page}, "glid_report: x=: names no run; x=RUN gives the run in the folder RUN a name\n"},
      {{a, "", "--out", page}, "must be a path (got '')"},
      {{a + "/nowhere", "--out", page}, "/a/nowhere: is not there"},
      {{a, same.string(), "--out", page}, "/x/a: has the name of another run: " + a + " (got a); NAME="},
      {{a, a, "--out", page}, "has the name of another run"},
  };
  for (const auto& [options, expected] : cases) {
    const ProgramResult ran = run("glid_report", options);
    EXPECT_EQ(ran.code, 2) << ran.output;
    EXPECT_THAT(ran.output, HasSubstr(expected));
    EXPECT_EQ(std::ranges::count(ran.output, '\n'), 1) << ran.output;
    EXPECT_FALSE(std::filesystem::exists(page_.parent_path())) << expected;
  }
}

}  // namespace
}  // namespace glid
