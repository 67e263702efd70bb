// Runs that go on until they are stopped, and the processes of their ranks.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/program.h"

namespace glid {

// A run that goes on until it is stopped, with further options.
inline std::vector<std::string> endless(const std::filesystem::path& out, std::vector<std::string> options = {}) {
  for (const char* setting : {"train.steps=10000000", "checkpoint.every_steps=10000000", "eval.every_steps=0",
                              "log.every_steps=1", "log.pictures_every_steps=0"}) {
    options.insert(options.begin(), {"--set", setting});
  }
  return small_training(out, std::move(options));
}

inline int occurrences(const std::string& text, const std::string& part) {
  int n = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

inline std::string metrics(const std::filesystem::path& out) {
  return std::filesystem::exists(out / "metrics.jsonl") ? read_file(out / "metrics.jsonl") : "";
}

// The run has made so many steps more than it had.
inline bool steps_on(const std::filesystem::path& out, int more = 2) {
  const int before = occurrences(metrics(out), "grad_norm");
  return Program::wait_until([&] { return occurrences(metrics(out), "grad_norm") >= before + more; });
}

// Files of /proc have no size to read by.
inline std::string read_proc(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

inline pid_t parent_of(const std::filesystem::path& process) {
  std::istringstream stat(read_proc(process / "stat"));
  std::string pid, name, state;
  pid_t parent = 0;
  stat >> pid >> name >> state >> parent;
  return parent;
}

// The process of a rank, from the table of processes.
inline pid_t rank_of(const Program& launcher, int rank) {
  const std::string variable = '\0' + ("RANK=" + std::to_string(rank)) + '\0';
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos || parent_of(entry.path()) != launcher.pid()) continue;
    if (('\0' + read_proc(entry.path() / "environ")).find(variable) != std::string::npos) return std::stoi(name);
  }
  throw std::runtime_error("rank " + std::to_string(rank) + " is not there");
}

}  // namespace glid
