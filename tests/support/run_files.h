// What a run left in its folder.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/json.h"

namespace glid {

inline std::vector<Json> lines_of(const std::filesystem::path& file) {
  std::vector<Json> lines;
  std::istringstream in(read_file(file));
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line, file.string()));
  return lines;
}

inline std::filesystem::path checkpoint_of(const std::filesystem::path& run, int64_t step) {
  return run / "checkpoints" / format("step_{:08}", step);
}

// The steps of the checkpoints on disk.
inline std::set<int64_t> checkpoint_steps(const std::filesystem::path& run) {
  std::set<int64_t> steps;
  for (const auto& entry : std::filesystem::directory_iterator(run / "checkpoints"))
    steps.insert(std::stoll(entry.path().filename().string().substr(5)));
  return steps;
}

// The same weights, optimizer and averages, if there are any, after `step` updates of both.
inline void expect_equal_checkpoints(const std::filesystem::path& a, const std::filesystem::path& b, int64_t step) {
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "ema.safetensors"}) {
    const std::filesystem::path of_a = checkpoint_of(a, step) / name, of_b = checkpoint_of(b, step) / name;
    ASSERT_EQ(std::filesystem::exists(of_a), std::filesystem::exists(of_b)) << name;
    if (name == std::string("ema.safetensors") && !std::filesystem::exists(of_a)) continue;  // kept on demand
    EXPECT_TRUE(read_file(of_a) == read_file(of_b)) << name;
  }
}

// The same object with member `key` changed.
inline Json with(const Json& object, const std::string& key, const std::function<Json(const Json&)>& change) {
  Json copy = Json::object();
  for (const auto& [name, value] : object.as_object()) copy.set(name, name == key ? change(value) : value);
  return copy;
}

}  // namespace glid
