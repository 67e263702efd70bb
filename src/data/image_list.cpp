#include "glid/data/image_list.h"

#include <algorithm>
#include <optional>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/data/inspection.h"
#include "glid/formats/image_file.h"
#include "glid/formats/pairs.h"
#include "glid/formats/text_lines.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of_list(const fs::path& list) {
  std::vector<fs::path> files;
  const std::string text = read_file(list);
  const fs::path folder = fs::absolute(list).parent_path();
  for (const std::string_view line : text_lines(text))
    if (!line.empty() && line.front() != '#') files.push_back((folder / line).lexically_normal());
  return files;
}

fs::path common_folder(const std::vector<fs::path>& files) {
  fs::path common = files.at(0).parent_path();
  for (const fs::path& file : files) {
    const fs::path folder = file.parent_path();
    const auto differs = std::mismatch(common.begin(), common.end(), folder.begin(), folder.end()).first;
    fs::path shared;
    for (auto part = common.begin(); part != differs; ++part) shared /= *part;
    common = shared;
  }
  return common;
}

std::map<std::string, fs::path> images_of_list(const fs::path& list) {
  const std::vector<fs::path> files = files_of_list(list);
  if (files.empty()) throw DataError(list.string(), "names no image", {}, "one file a line");
  const fs::path folder = common_folder(files);
  std::map<std::string, fs::path> named;
  for (const fs::path& file : files) {
    fs::path stem = file.lexically_relative(folder);
    const auto [other, is_new] = named.emplace(stem.replace_extension().generic_string(), file);
    if (!is_new && other->second != file)
      throw DataError(list.string(), "names two files of one name", file.string(), other->second.string());
  }
  return named;
}

// Of a file that is named as COCO's are.
std::optional<int64_t> coco_number(const std::string& stem) {
  constexpr size_t kDigits = 12;
  const std::string name = fs::path(stem).filename().string();
  if (name.size() != kDigits || name.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoll(name);
}

// A class is named because there must be one: nobody compares it with anything.
Targets unknown_targets(const Vocabulary& vocabulary, const Image& image) {
  const auto pixels = static_cast<size_t>(image.height * image.width);
  Targets targets;
  if (!vocabulary.images.empty()) targets.label = 0;
  if (!vocabulary.labels.empty()) targets.semantic.assign(pixels, kIgnoreLabel);
  if (!vocabulary.segments.empty()) targets.panoptic.ids.assign(pixels, 0);
  if (vocabulary.has_depth) targets.depth.assign(pixels, 0);
  return targets;
}

}  // namespace

std::map<std::string, fs::path> list_images(const fs::path& input, OtherImages& others) {
  if (!fs::exists(input)) throw DataError(input.string(), "does not exist");
  if (small_extension(input) == ".txt" && !fs::is_directory(input)) return images_of_list(input);
  if (!fs::is_directory(input)) return {{input.stem().string(), input}};
  std::map<std::string, fs::path> files = files_by_stem(input, kImageExtensions, &others);
  if (files.empty()) throw DataError(input.string(), "holds no images", {}, others.hint());
  return files;
}

ImageList::ImageList(const fs::path& input, Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {
  OtherImages others;
  for (auto& file : list_images(input, others)) files_.push_back(std::move(file));
  others.warn(input);
  number();
}

void ImageList::number() {
  std::map<int64_t, std::pair<std::string, fs::path>> by_number;
  for (const auto& file : files_)
    if (const auto number = coco_number(file.first)) by_number.emplace(*number, file);
  if (by_number.size() < files_.size()) return;
  files_.clear();
  for (auto& [number, file] : by_number) {
    numbers_.push_back(number);
    files_.push_back(std::move(file));
  }
}

Sample ImageList::get(int64_t id) const {
  Sample sample{id, name(id), read_image(name(id)), {}};
  sample.targets = unknown_targets(vocabulary_, sample.image);
  return sample;
}

ImageList ImageList::of(Vocabulary vocabulary) const {
  ImageList same = *this;
  same.vocabulary_ = std::move(vocabulary);
  return same;
}

ImageId ImageList::image_id(int64_t id) const {
  if (numbers_.empty()) return stem(id);
  return numbers_.at(static_cast<size_t>(id));
}

void ImageList::inspect(int64_t id, Inspection& inspection) const { inspection.check_image(name(id), {}); }

}  // namespace glid
