// What glid_eval says of a run, beside what the run found itself.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/program.h"
#include "support/run_files.h"

namespace glid {

// A run of small_training in a folder of its own.
class EvaluatedRun {
 public:
  explicit EvaluatedRun(const std::vector<std::string>& settings) {
    std::vector<std::string> options;
    for (const std::string& setting : settings) options.insert(options.end(), {"--set", setting});
    const ProgramResult ran = run("glid_train", small_training(path(), options));
    EXPECT_EQ(ran.code, 0) << ran.output;
  }

  std::filesystem::path path() const { return folder_.path() / "run"; }

  // The numbers of its own validation after `step` updates.
  Json validation(int64_t step) const {
    for (Json& line : lines_of(path() / "metrics.jsonl"))
      if (line.find("val_loss") && line.at("step").as_int() == step) return std::move(line);
    ADD_FAILURE() << "no validation of step " << step;
    return {};
  }

 private:
  TemporaryFolder folder_;
};

inline ProgramResult run_evaluation(const std::filesystem::path& checkpoint, std::vector<std::string> options) {
  options.insert(options.begin(), {"--checkpoint", checkpoint.string(), "--set", "train.threads=1"});
  return run("glid_eval", options);
}

// The report in numbers.
inline Json report_of_run(const std::filesystem::path& checkpoint, std::vector<std::string> options) {
  const TemporaryFolder folder;
  const std::filesystem::path json = folder.path() / "report.json";
  options.insert(options.end(), {"--json", json.string()});
  const ProgramResult ran = run_evaluation(checkpoint, options);
  EXPECT_EQ(ran.code, 0) << ran.output;
  return Json::parse(read_file(json), json.string());
}

// The options of the command that scores the files, which glid_eval --out prints: words, or in single quotes.
inline std::vector<std::string> printed_options(const std::string& output) {
  const std::string before = "\n  glid_eval ";
  const size_t found = output.find(before);
  if (found == std::string::npos) return ADD_FAILURE() << output, std::vector<std::string>{};
  const size_t begin = found + before.size();
  std::vector<std::string> options{""};
  bool quoted = false;
  for (const char c : output.substr(begin, output.find('\n', begin) - begin)) {
    if (c == '\'') quoted = !quoted;
    else if (c == ' ' && !quoted) options.emplace_back();
    else options.back() += c;
  }
  return options;
}

// The files that `output` tells how to score give the numbers that the model got; PCK, which needs to know whom a pose is
// about, is not in files. Reading them may add notes.
inline void expect_files_to_score(const std::string& output, const Json& of_model) {
  const TemporaryFolder folder;
  const std::filesystem::path json = folder.path() / "files.json";
  std::vector<std::string> options = printed_options(output);
  options.insert(options.end(), {"--json", json.string()});
  const ProgramResult scored = run("glid_eval", options);
  ASSERT_EQ(scored.code, 0) << scored.output;
  const Json of_files = Json::parse(read_file(json), json.string());
  for (const char* part : {"task", "protocol", "rules", "images", "variants"})
    EXPECT_EQ(of_files.at(part).dump(), of_model.at(part).dump()) << part;
  for (const auto& [name, value] : of_model.at("metrics").as_object())
    if (name != "PCK@0.1") {
      EXPECT_EQ(of_files.at("metrics").at(name).dump(), value.dump()) << name;
    }
  for (const Json& note : of_model.at("notes").as_array())
    EXPECT_THAT(of_files.at("notes").dump(), testing::HasSubstr(note.dump()));
}

inline void expect_one_line(const ProgramResult& ran, int code, const std::string& text) {
  EXPECT_EQ(ran.code, code) << ran.output;
  EXPECT_THAT(ran.output, testing::HasSubstr(text));
  EXPECT_EQ(std::ranges::count(ran.output, '\n'), 1) << ran.output;
}

}  // namespace glid
