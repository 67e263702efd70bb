#include "glid/formats/pairs.h"

#include <algorithm>
#include <cctype>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

bool has_extension(const fs::path& file, std::span<const std::string_view> extensions) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
}

std::string stem_of(const fs::path& file, const fs::path& folder) {
  return file.lexically_relative(folder).replace_extension().generic_string();
}

}  // namespace

std::map<std::string, fs::path> files_by_stem(const fs::path& folder, std::span<const std::string_view> extensions) {
  std::map<std::string, fs::path> files;
  try {
    fs::recursive_directory_iterator it(folder, fs::directory_options::follow_directory_symlink), end;
    for (; it != end; ++it) {
      if (it->path().filename().string().starts_with('.')) {
        it.disable_recursion_pending();
      } else if (has_extension(it->path(), extensions) && !it->is_directory()) {
        const auto [other, is_new] = files.emplace(stem_of(it->path(), folder), it->path());
        if (!is_new) throw DataError(it->path().string(), "has the name of another file", other->second.string());
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw DataError(error.path1().string(), "can't be read", error.code().message());
  }
  return files;
}

PairList list_pairs(const fs::path& images, const fs::path& labels) {
  std::map<std::string, fs::path> labels_left = files_by_stem(labels, kPngExtensions);
  PairList list;
  for (const auto& [stem, image] : files_by_stem(images, kImageExtensions)) {
    if (const auto label = labels_left.extract(stem)) list.pairs.push_back({stem, image, label.mapped()});
    else list.images_without_label.push_back(image);
  }
  for (auto& [stem, label] : labels_left) list.labels_without_image.push_back(std::move(label));
  if (list.pairs.empty())
    throw DataError(images.string(), format("no image has the name of a PNG in {}", labels.string()),
                    format("{} images, {} labels", list.images_without_label.size(), list.labels_without_image.size()));
  return list;
}

}  // namespace glid
