// Every stop and every way to go on: the table of docs/checkpoints.md is what the program does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "support/program.h"
#include "support/run_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

using Options = std::vector<std::string>;

std::vector<std::string> cells(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream in(row.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) {
    const size_t begin = cell.find_first_not_of(' ');
    cells.push_back(begin == cell.npos ? "" : cell.substr(begin, cell.find_last_not_of(' ') - begin + 1));
  }
  return cells;
}

// Row to column to what happens.
std::map<std::string, std::map<std::string, std::string>> documented() {
  std::map<std::string, std::map<std::string, std::string>> table;
  std::istringstream page(read_file(std::string(GLID_SOURCE_DIR) + "/docs/checkpoints.md"));
  std::vector<std::string> columns;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("| |")) columns = cells(line);
    else if (columns.empty() || line.starts_with("|---")) continue;
    else if (!line.starts_with("|")) break;
    else
      for (size_t i = 1; i < columns.size(); ++i) table[cells(line)[0]][columns[i]] = cells(line).at(i);
  }
  return table;
}

Options training(const fs::path& folder) {
  Options options = with_data("imagenet", folder / "photos");
  for (const char* setting : {"train.steps=4", "checkpoint.every_steps=2", "eval.every_steps=0", "log.every_steps=1",
                              "log.pictures_every_steps=0"})
    options.insert(options.end(), {"--set", setting});
  return small_training(folder / "run", options);
}

// Leaves of a finished run what a stop would have left.
void stop(const fs::path& out, const std::string& how) {
  const fs::path last = checkpoint_of(out, 4);
  if (how == "not started") fs::remove_all(out);
  if (how == "killed before a checkpoint") fs::remove_all(out / "checkpoints");
  if (how == "killed after step 3") fs::remove_all(last);
  if (how == "killed while writing step 4") {
    fs::rename(last, last.string() + ".0123ab.tmp");
    fs::remove(last.string() + ".0123ab.tmp/state.json");
  }
}

fs::path a_photo(const fs::path& photos) {
  std::set<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(photos / "train"))
    if (entry.is_regular_file()) files.insert(entry.path());
  return *files.begin();
}

// What has to happen to the folders, and the options that come on top.
Options change(const fs::path& folder, const std::string& what) {
  if (what == "data moved") {
    fs::rename(folder / "photos", folder / "elsewhere");
    return {"--set", "data.root=" + (folder / "elsewhere/").string()};
  }
  if (what == "file repaired") write_file(a_photo(folder / "photos"), read_file(a_photo(folder / "photos")) + "more");
  if (what == "config.yaml missing") fs::remove(folder / "run/config.yaml");
  if (what == "6 steps") return {"--set", "train.steps=6"};
  if (what == "other lr") return {"--set", "optim.lr=1e-4"};
  if (what == "2 ranks") return {"--nproc", "2"};
  if (what == "2 threads") return {"--threads", "2"};
  return {};
}

// What the program says of a change where it goes on all the same.
std::string warning_of(const std::string& what) {
  if (what == "file repaired") return "have other sizes";
  if (what == "6 steps") return "the learning rate goes on with";
  if (what == "2 ranks") return "ranks: 1 -> 2";
  if (what == "2 threads") return "threads: 1 -> 2: bits may differ\n";
  if (what == "config.yaml missing") return "has no config.yaml";
  return "may differ";
}

// "from 2, warns", by what the program said.
std::string what_happened(const ProgramResult& result, const std::string& what) {
  const auto says = [&](const char* text) { return result.output.find(text) != std::string::npos; };
  if (result.code != 0) return result.code == 2 ? "refused" : "code " + std::to_string(result.code);
  const size_t place = result.output.find("going on at step ");
  std::string happened = "from " + (place == std::string::npos ? "0" : result.output.substr(place + 17, 1));
  if (!says(" step 4/4") && !says(" step 6/6")) happened = "done";
  return happened + (says(warning_of(what).c_str()) ? ", warns" : "");
}

// Whatever a stopped run had written beyond its checkpoint.
void expect_every_step_once(const fs::path& metrics, int64_t steps) {
  std::vector<int64_t> logged, all;
  for (const Json& line : lines_of(metrics))
    if (line.find("grad_norm")) logged.push_back(line.at("step").as_int());
  for (int64_t step = 1; step <= steps; ++step) all.push_back(step);
  EXPECT_EQ(logged, all);
}

// One run, which every case has a copy of.
class StoppedRun : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    made_ = new TemporaryFolder;
    const std::string photos = (made_->path() / "photos").string();
    ASSERT_EQ(run("glid_data", {"make-demo", "--out", photos, "--count", "20", "--size", "32"}).code, 0);
    const ProgramResult result = run("glid_train", training(made_->path()));
    ASSERT_EQ(result.code, 0) << result.output;
  }
  static void TearDownTestSuite() { delete made_; }

  // The run, stopped, and gone on with after a change.
  static ProgramResult go_on(const TemporaryFolder& folder, const std::string& how, const std::string& what) {
    fs::copy(made_->path(), folder.path(), fs::copy_options::recursive);
    stop(folder.path() / "run", how);
    const Options more = change(folder.path(), what);
    Options options = training(folder.path());
    options.insert(options.end(), more.begin(), more.end());
    return run("glid_train", options);
  }

  static TemporaryFolder* made_;
};

TemporaryFolder* StoppedRun::made_ = nullptr;

class StopAndGo : public StoppedRun, public testing::WithParamInterface<const char*> {};

TEST_P(StopAndGo, IsAsTheTableSays) {
  const auto table = documented();
  ASSERT_EQ(table.size(), 5u);
  ASSERT_EQ(table.at(GetParam()).size(), 8u);
  for (const auto& [what, expected] : table.at(GetParam())) {
    const TemporaryFolder folder;
    const ProgramResult result = go_on(folder, GetParam(), what);
    EXPECT_EQ(what_happened(result, what), expected) << what << "\n" << result.output;
    if (result.code == 0) expect_every_step_once(folder.path() / "run/metrics.jsonl", what == "6 steps" ? 6 : 4);
  }
}

// What a refusal tells to type is taken, whatever the change.
TEST_F(StoppedRun, ARefusalSaysHowToGoOn) {
  for (const auto& [change, parts] :
       std::vector<std::pair<std::string, std::string>>{{"optim.lr=1e-4", "encoder,bifpn,decoder,heads"},
                                                        {"model.decoder.layers=6", "encoder,bifpn"},
                                                        {"model.bifpn.cells=2", "encoder,heads"},
                                                        {"model.encoder.name=swint", "decoder"},
                                                        {"task.target=raw", "encoder,bifpn,decoder"}}) {
    const TemporaryFolder folder;
    fs::copy(made_->path(), folder.path(), fs::copy_options::recursive);
    Options options = training(folder.path());
    options.insert(options.end(), {"--set", change});
    const ProgramResult refused = run("glid_train", options);
    ASSERT_EQ(refused.code, 2) << change << refused.output;
    const std::string from = "init.from=" + (folder.path() / "run").string(), only = "init.parts=[" + parts + "]";
    ASSERT_THAT(refused.output, HasSubstr("--out NEW --set " + from + " --set '" + only + "'\n"));
    options.insert(options.end(), {"--out", (folder.path() / "new").string(), "--set", from, "--set", only});
    const ProgramResult taken = run("glid_train", options);
    EXPECT_EQ(taken.code, 0) << change << "\n" << taken.output;
  }
}

INSTANTIATE_TEST_SUITE_P(Stops, StopAndGo,
                         testing::Values("not started", "killed before a checkpoint", "killed after step 3",
                                         "killed while writing step 4", "finished"));

}  // namespace
}  // namespace glid
