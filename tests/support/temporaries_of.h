// What AtomicFile and AtomicFolder write before it has its final name.
#pragma once

#include <filesystem>
#include <vector>

namespace glid {

// Those of a final place that are there now.
inline std::vector<std::filesystem::path> temporaries_of(const std::filesystem::path& final_place) {
  std::vector<std::filesystem::path> found;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(final_place.parent_path(), missing)) {
    const std::filesystem::path name = entry.path().filename();
    if (name.extension() == ".tmp" && name.stem().stem() == final_place.filename()) found.push_back(entry.path());
  }
  return found;
}

}  // namespace glid
