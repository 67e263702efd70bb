// Completion, as bash and zsh do it with what the programs print.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "support/program.h"

namespace glid {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

// What bash offers for the last of the words.
std::vector<std::string> offered(const std::vector<std::string>& words) {
  const TemporaryFolder folder;
  const std::string script = folder.path() / "completion";
  write_file(script, run(words[0], {"--completion-bash"}).output);
  std::string command = "source " + script + "; COMP_WORDS=(";
  for (const std::string& word : words) command += "'" + word + "' ";
  command += "); COMP_CWORD=" + std::to_string(words.size() - 1) + "; compopt() { :; }; _" + words[0] +
             "; printf '%s\\n' \"${COMPREPLY[@]}\"";
  std::istringstream lines(run("/bin/bash", {"-c", command}).output);
  std::vector<std::string> offers;
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) offers.push_back(line);
  return offers;
}

TEST(Completion, KnowsCommandsOptionsNamesAndKeys) {
  EXPECT_THAT(offered({"glid_data", ""}), Contains("make-demo"));
  EXPECT_THAT(offered({"glid_data", "make-demo", "--la"}), testing::ElementsAre("--layout"));
  EXPECT_THAT(offered({"glid_data", "make-demo", "--layout", "ade"}), testing::ElementsAre("ade20k"));
  EXPECT_THAT(offered({"glid_data", "show", "--la"}), IsEmpty());
  EXPECT_THAT(offered({"glid_data", "check", "--set", "data.imag"}), testing::ElementsAre("data.image_size="));
  EXPECT_THAT(offered({"glid_eval", "--task", "b"}), testing::ElementsAre("box"));
  EXPECT_THAT(offered({"glid_train", "--set", "optim.lr"}), Contains("optim.lr="));
  EXPECT_THAT(offered({"glid_eval", "--task", "=", "pan"}), testing::ElementsAre("panoptic"));
  EXPECT_THAT(offered({"glid_eval", "--split", "="}), testing::ElementsAre("train", "val"));
  EXPECT_THAT(run("glid_data", {"--completion-zsh"}).output,
              testing::ContainsRegex("--set=.*compadd -S= -- .*data.image_size"));
  EXPECT_THAT(offered({"glid_eval", "--results", ""}), IsEmpty());  // files, by bash
}

TEST(Completion, OffersWhatHelpLists) {
  for (const std::string program : {"glid_eval", "glid_data"}) {
    const std::string help = run(program, {"--help"}).output, zsh = run(program, {"--completion-zsh"}).output;
    const std::vector<std::string> offers = offered({program, "--"});
    const std::regex option("\\n  (?:-h,)?(--[a-z-]+)");
    int64_t num_options = 0;
    for (std::sregex_iterator match(help.begin(), help.end(), option), end; match != end; ++match, ++num_options) {
      EXPECT_THAT(offers, Contains((*match)[1].str()));
      EXPECT_THAT(zsh, HasSubstr((*match)[1].str()));
    }
    EXPECT_GE(num_options, 4) << help;
  }
}

TEST(Completion, IsAScriptThatZshReads) {
  const char* zsh = "/usr/bin/zsh";
  if (!std::filesystem::exists(zsh)) GTEST_SKIP() << zsh << " is not installed";
  const TemporaryFolder folder;
  for (const std::string program : {"glid_eval", "glid_data"}) {
    const std::string script = folder.path() / program;
    write_file(script, run(program, {"--completion-zsh"}).output);
    const ProgramResult read = run(zsh, {"-n", script});
    EXPECT_EQ(read.code, 0) << read.output;
  }
}

}  // namespace
}  // namespace glid
