#include "glid/formats/pairs.h"

#include <utility>

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

std::string stem_of(fs::path file) { return file.replace_extension().generic_string(); }

}  // namespace

std::vector<std::string> files_of_kinds(const fs::path& folder, std::span<const std::string_view> extensions,
                                        OtherImages* others) {
  std::vector<std::string> files;
  for (std::string& name : files_below(folder)) {
    if (has_extension(name, extensions)) files.push_back(std::move(name));
    else if (others) others->add(folder / name);
  }
  return files;
}

std::map<std::string, fs::path> files_by_stem(const fs::path& folder, std::span<const std::string_view> extensions,
                                              OtherImages* others) {
  std::map<std::string, fs::path> files;
  for (const std::string& name : files_of_kinds(folder, extensions, others)) {
    const auto [other, is_new] = files.emplace(stem_of(name), folder / name);
    if (!is_new) throw DataError((folder / name).string(), "has the name of another file", other->second.string());
  }
  return files;
}

PairList list_pairs(const fs::path& images, const fs::path& labels) {
  std::map<std::string, fs::path> labels_left = files_by_stem(labels, kPngExtensions);
  PairList list;
  for (const auto& [stem, image] : files_by_stem(images, kImageExtensions, &list.other_images)) {
    if (const auto label = labels_left.extract(stem)) list.pairs.push_back({stem, image, label.mapped()});
    else list.images_without_label.push_back(image);
  }
  for (auto& [stem, label] : labels_left) list.labels_without_image.push_back(std::move(label));
  if (list.pairs.empty())
    throw DataError(images.string(), format("no image has the name of a PNG in {}", labels.string()),
                    format("{}, {}", counted(list.images_without_label.size(), "image"),
                           counted(list.labels_without_image.size(), "label")),
                    list.other_images.hint());
  return list;
}

}  // namespace glid
