// What glid_eval says of a run, beside what the run found itself.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
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

// The options of the commands that score the files, which glid_eval --out prints: words, or in single quotes.
inline std::vector<std::vector<std::string>> printed_commands(const std::string& output) {
  const std::string before = "\n  glid_eval ";
  std::vector<std::vector<std::string>> commands;
  for (size_t found = output.find(before); found != std::string::npos; found = output.find(before, found + 1)) {
    const size_t begin = found + before.size();
    std::vector<std::string> options{""};
    bool quoted = false;
    for (const char c : output.substr(begin, output.find('\n', begin) - begin)) {
      if (c == '\'') quoted = !quoted;
      else if (c == ' ' && !quoted) options.emplace_back();
      else options.back() += c;
    }
    commands.push_back(std::move(options));
  }
  EXPECT_FALSE(commands.empty()) << output;
  return commands;
}

inline Json report_of_files(std::vector<std::string> options) {
  const TemporaryFolder folder;
  const std::filesystem::path json = folder.path() / "files.json";
  options.insert(options.end(), {"--json", json.string()});
  const ProgramResult scored = run("glid_eval", options);
  EXPECT_EQ(scored.code, 0) << scored.output;
  return Json::parse(read_file(json), json.string());
}

// The files that `output` tells how to score give the numbers that the model got; PCK, which needs to know whom a pose is
// about, is not in files. Reading them may add notes.
inline void expect_files_to_score(const std::string& output, const Json& of_model) {
  const auto commands = printed_commands(output);
  ASSERT_EQ(commands.size(), 1u);
  const Json of_files = report_of_files(commands[0]);
  for (const char* part : {"task", "protocol", "rules", "images", "image_hash", "variants"})
    EXPECT_EQ(of_files.at(part).dump(), of_model.at(part).dump()) << part;
  for (const auto& [name, value] : of_model.at("metrics").as_object())
    if (name != "PCK@0.1") {
      EXPECT_EQ(of_files.at("metrics").at(name).dump(), value.dump()) << name;
    }
  for (const Json& note : of_model.at("notes").as_array())
    EXPECT_THAT(of_files.at("notes").dump(), testing::HasSubstr(note.dump()));
}

// The same of several tasks: each task's command gives its numbers.
inline void expect_files_of_tasks_to_score(const std::string& output, const std::vector<std::string>& tasks,
                                           const Json& of_model) {
  const auto commands = printed_commands(output);
  ASSERT_EQ(commands.size(), tasks.size());
  std::map<std::string, std::string> of_files;
  for (size_t i = 0; i < tasks.size(); ++i) {
    const Json report = report_of_files(commands[i]);
    for (const auto& [name, value] : report.at("metrics").as_object()) of_files[tasks[i] + "." + name] = value.dump();
  }
  EXPECT_EQ(of_files.size(), of_model.at("metrics").as_object().size());
  for (const auto& [name, value] : of_model.at("metrics").as_object()) EXPECT_EQ(of_files[name], value.dump()) << name;
}

inline void expect_one_line(const ProgramResult& ran, int code, const std::string& text) {
  EXPECT_EQ(ran.code, code) << ran.output;
  EXPECT_THAT(ran.output, testing::HasSubstr(text));
  EXPECT_EQ(ran.num_lines(), 1) << ran.output;
}

}  // namespace glid
