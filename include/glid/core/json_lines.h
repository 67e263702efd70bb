// Files with a JSON object a line that a kill may have cut off, as metrics.jsonl.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "glid/core/json.h"

namespace glid {

struct JsonLines {
  std::vector<Json> whole;
  int64_t damaged = 0;  // cut off by a kill, or not ours
};

// Every line that has an integer under `key`, and how many have not; none where there is no file. Throws DataError where it
// can't be read.
JsonLines read_json_lines(const std::filesystem::path& file, std::string_view key);

}  // namespace glid
