#include "matched_files.h"

#include <map>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/pairs.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using FilesByStem = std::map<std::string, fs::path>;

FilesByStem list_files(const fs::path& folder, std::span<const std::string_view> extensions) {
  if (!fs::is_directory(folder)) throw DataError(folder.string(), "is not a folder");
  FilesByStem files = files_by_stem(folder, extensions);
  if (!files.empty()) return files;
  std::string list;
  for (const std::string_view extension : extensions) list += (list.empty() ? "" : " or ") + std::string(extension);
  throw DataError(folder.string(), format("holds no {} file", list));
}

// One error for all files that the other folder lacks.
void require_partners(const FilesByStem& files, const FilesByStem& others, const fs::path& other_folder, const char* what) {
  const fs::path* first = nullptr;
  int64_t count = 0;
  for (const auto& [stem, file] : files)
    if (!others.contains(stem) && ++count == 1) first = &file;
  if (count > 0)
    throw DataError(first->string(), format("has no {} in {}", what, other_folder.string()), format("{} such", count));
}

}  // namespace

std::vector<MatchedFile> match_files(const fs::path& results, const fs::path& annotations,
                                     std::span<const std::string_view> extensions) {
  const FilesByStem predicted = list_files(results, extensions), truths = list_files(annotations, extensions);
  require_partners(truths, predicted, results, "result");
  require_partners(predicted, truths, annotations, "annotation");
  std::vector<MatchedFile> matched;
  for (const auto& [stem, file] : truths) matched.push_back({stem, predicted.at(stem), file});
  return matched;
}

}  // namespace glid
