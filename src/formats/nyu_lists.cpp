#include "glid/formats/nyu_lists.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/formats/text_lines.h"

namespace glid {
namespace {

constexpr std::string_view kSpaces = " \t";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  size_t begin = line.find_first_not_of(kSpaces);
  while (begin != std::string_view::npos) {
    const size_t end = std::min(line.find_first_of(kSpaces, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kSpaces, end);
  }
  return words;
}

std::string relative(std::string_view name) {
  name.remove_prefix(std::min(name.find_first_not_of('/'), name.size()));
  return std::string(name);
}

// 0 unless the whole word is a positive finite number.
double positive_number(std::string_view word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size() && value > 0 && std::isfinite(value) ? value : 0;
}

}  // namespace

NyuList parse_nyu_list(std::string_view text, const std::string& where) {
  NyuList list;
  int line_number = 0;
  for (const std::string_view line : text_lines(text)) {
    ++line_number;
    const auto words = words_of(line);
    if (words.empty()) continue;
    const std::string at = format("{}:{}", where, line_number);
    if (words.size() != 3) throw DataError(at, "must be an image, a depth map and a focal length", std::string(line));
    NyuPair pair{relative(words[0]), relative(words[1]), positive_number(words[2])};
    if (pair.focal_px == 0) throw DataError(at, "has a focal length that is no positive number", std::string(words[2]));
    if (pair.rgb.empty() || pair.depth.empty()) throw DataError(at, "has an empty file name", std::string(line));
    if (pair.depth == "None") ++list.num_without_depth;
    else list.pairs.push_back(std::move(pair));
  }
  if (list.pairs.empty())
    throw DataError(where, "lists no image with a depth map", format("{} without one", list.num_without_depth));
  return list;
}

NyuList read_nyu_list(const std::filesystem::path& file) { return parse_nyu_list(read_file(file), file.string()); }

}  // namespace glid
