// Two folders whose files belong together by name.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {

struct MatchedFile {
  std::string stem;
  std::filesystem::path result, annotation;
};

// The files of both folders with one of the extensions, matched and sorted by stem (files_by_stem). Throws DataError when a
// folder is missing or holds none, a stem is there twice, or either has a file that the other lacks.
std::vector<MatchedFile> match_files(const std::filesystem::path& results, const std::filesystem::path& annotations,
                                     std::span<const std::string_view> extensions);

// Maps with a height and a width. Throws DataError naming the result unless both have the same.
template <class Map>
void require_same_size(const std::filesystem::path& result, const Map& predicted, const Map& truth) {
  if (predicted.height != truth.height || predicted.width != truth.width)
    throw DataError(result.string(), format("must be {} x {} as its annotation is", truth.height, truth.width),
                    format("{} x {}", predicted.height, predicted.width));
}

}  // namespace glid
