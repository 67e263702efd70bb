// Two folders whose files belong together by name.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/tally.h"

namespace glid {

struct MatchedFile {
  std::string stem;
  std::filesystem::path result, annotation;
};

struct MatchedFiles {
  std::vector<MatchedFile> files;  // sorted by stem
  Tally extra;                     // results without an annotation, which are left out

  void add_notes(std::vector<std::string>& notes) const;
};

// The files of both folders with one of the extensions, matched by stem (files_by_stem). Throws DataError when a folder is
// missing or holds none, a stem is there twice, or an annotation has no result.
MatchedFiles match_files(const std::filesystem::path& results, const std::filesystem::path& annotations,
                         std::span<const std::string_view> extensions);

// Maps with a height and a width. Throws DataError naming the result unless both have the same.
template <class Map>
void require_same_size(const std::filesystem::path& result, const Map& predicted, const Map& truth) {
  if (predicted.height != truth.height || predicted.width != truth.width)
    throw DataError(result.string(), format("must be {} x {} as its annotation is", truth.height, truth.width),
                    format("{} x {}", predicted.height, predicted.width));
}

}  // namespace glid
