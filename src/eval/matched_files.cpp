#include "matched_files.h"

#include <map>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/tally_line.h"
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

// One error for all.
void require_results(const FilesByStem& truths, const FilesByStem& results, const fs::path& folder) {
  Tally missing;
  for (const auto& [stem, file] : truths)
    if (!results.contains(stem)) missing.add(file.string());
  if (missing.count > 0)
    throw DataError(missing.first, format("has no result in {}", folder.string()), format("{} such", missing.count));
}

}  // namespace

void MatchedFiles::add_notes(std::vector<std::string>& notes) const {
  if (extra.count > 0)
    notes.push_back(tally_line(extra, "result", "results", "left out: there is no annotation of their name"));
}

MatchedFiles match_files(const fs::path& results, const fs::path& annotations,
                         std::span<const std::string_view> extensions) {
  const FilesByStem predicted = list_files(results, extensions), truths = list_files(annotations, extensions);
  require_results(truths, predicted, results);
  MatchedFiles matched;
  for (const auto& [stem, file] : truths) matched.files.push_back({stem, predicted.at(stem), file});
  for (const auto& [stem, file] : predicted)
    if (!truths.contains(stem)) matched.extra.add(file.string());
  return matched;
}

}  // namespace glid
