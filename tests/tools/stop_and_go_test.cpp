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
  for (const char* setting : {"train.threads=null", "train.steps=4", "checkpoint.every_steps=2", "eval.every_steps=0",
                              "log.every_steps=1", "log.pictures_every_steps=0"})
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
    fs::rename(last, last.string() + ".tmp");
    fs::remove(last.string() + ".tmp/state.json");
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

// "from 2, warns", by what the program said.
std::string what_happened(const ProgramResult& result) {
  const auto says = [&](const char* text) { return result.output.find(text) != std::string::npos; };
  if (result.code != 0) return result.code == 2 ? "refused" : "code " + std::to_string(result.code);
  const size_t place = result.output.find("going on at step ");
  std::string happened = "from " + (place == std::string::npos ? "0" : result.output.substr(place + 17, 1));
  if (!says("step 4/4") && !says("step 6/6")) happened = "done";
  const bool warns = says("may differ") || says("learning rate goes on") || says("has no config.yaml");
  return happened + (warns ? ", warns" : "");
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
    EXPECT_EQ(what_happened(result), expected) << what << "\n" << result.output;
  }
}

// What a refusal tells to type is taken.
TEST_F(StoppedRun, ARefusalSaysHowToGoOn) {
  const TemporaryFolder folder;
  const ProgramResult refused = go_on(folder, "finished", "other lr");
  ASSERT_EQ(refused.code, 2);
  const std::string run_folder = (folder.path() / "run").string(), fresh = (folder.path() / "new").string();
  ASSERT_THAT(refused.output, HasSubstr("--out NEW --set init.from=" + run_folder +
                                        " --set 'init.parts=[encoder,bifpn,decoder,heads]'"));
  Options options = training(folder.path());
  options.insert(options.end(), {"--set", "optim.lr=1e-4", "--out", fresh, "--set", "init.from=" + run_folder, "--set",
                                 "init.parts=[encoder,bifpn,decoder,heads]"});
  const ProgramResult taken = run("glid_train", options);
  EXPECT_EQ(taken.code, 0) << taken.output;
}

INSTANTIATE_TEST_SUITE_P(Stops, StopAndGo,
                         testing::Values("not started", "killed before a checkpoint", "killed after step 3",
                                         "killed while writing step 4", "finished"));

}  // namespace
}  // namespace glid
