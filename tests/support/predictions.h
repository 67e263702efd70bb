// Runs glid_predict and reads what it wrote.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "glid/core/files.h"
#include "glid/core/json.h"
#include "support/program.h"

namespace glid {

inline ProgramResult predict(const std::filesystem::path& checkpoint, const std::filesystem::path& input,
                             const std::filesystem::path& out, std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"--checkpoint", checkpoint.string(), "--input", input.string(), "--out", out.string(),
                                   "--set", "train.threads=1"});
  return run("glid_predict", options);
}

inline Json list_in(const std::filesystem::path& out) {
  return Json::parse(read_file(out / "predictions.json"), (out / "predictions.json").string());
}

}  // namespace glid
