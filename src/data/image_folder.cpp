#include "glid/data/image_folder.h"

#include <algorithm>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/rng.h"
#include "glid/data/inspection.h"
#include "glid/formats/image_file.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

struct Listing {
  std::vector<std::string> images;  // relative to the folder, in byte order
  int64_t num_others = 0;           // files of other kinds
};

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

// `skipped` is a folder whose content doesn't count, or empty.
Listing list_images(const fs::path& folder, const fs::path& skipped = {}) {
  Listing listing;
  const size_t prefix = (folder / "").native().size();
  fs::recursive_directory_iterator it(folder, fs::directory_options::follow_directory_symlink), end;
  for (; it != end; ++it) {
    if (is_hidden(it->path()) || (!skipped.empty() && it->path() == skipped)) {
      it.disable_recursion_pending();
    } else if (it->is_directory()) {
      continue;
    } else if (has_image_extension(it->path())) {
      listing.images.push_back(it->path().native().substr(prefix));
    } else {
      ++listing.num_others;
    }
  }
  std::sort(listing.images.begin(), listing.images.end());
  return listing;
}

// The images of `folder`, at least one.
std::vector<std::string> require_images(const fs::path& folder, const fs::path& skipped = {}) {
  if (!fs::is_directory(folder)) {
    throw DataError(folder.string(), "is not a folder", {}, "check data.root and data.name");
  }
  Listing listing;
  try {
    listing = list_images(folder, skipped);
  } catch (const fs::filesystem_error& error) {
    throw DataError(error.path1().string(), "can't be read", error.code().message());
  }
  if (listing.images.empty()) {
    throw DataError(folder.string(), "holds no images", format("{} files of other kinds", listing.num_others),
                    "images end in .jpg, .jpeg, .jpe or .png");
  }
  return std::move(listing.images);
}

std::string class_of(const std::string& file) { return file.substr(0, file.find('/')); }

// Every folder in `folder` is a class, numbered in byte order.
std::map<std::string, int64_t> list_classes(const fs::path& folder) {
  std::map<std::string, int64_t> classes;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && !is_hidden(entry.path())) classes.emplace(entry.path().filename().string(), 0);
  }
  int64_t label = 0;
  for (auto& [name, index] : classes) index = label++;
  return classes;
}

void check_classes(const fs::path& folder, const std::vector<std::string>& files,
                   const std::map<std::string, int64_t>& classes) {
  for (const std::string& file : files) {
    if (file.find('/') == std::string::npos) {
      throw DataError((folder / file).string(), "is not in a class folder", {},
                      "sort the images into class folders, or use data.name: folder");
    }
    if (!classes.contains(class_of(file))) {
      throw DataError((folder / file).string(), "is of a class that the training folder has not", class_of(file),
                      "give train and val the same class folders");
    }
  }
}

}  // namespace

ImageFolder::ImageFolder(fs::path folder, std::vector<std::string> files, std::map<std::string, int64_t> classes)
    : folder_(std::move(folder)), files_(std::move(files)), classes_(std::move(classes)) {
  for (const auto& [name, label] : classes_) vocabulary_.images.push_back({label, name});
}

Sample ImageFolder::get(int64_t id) const {
  const std::string& file = files_.at(static_cast<size_t>(id));
  Sample sample{id, name(id), read_image(folder_ / file), {}};
  if (!classes_.empty()) sample.targets.label = classes_.at(class_of(file));
  return sample;
}

std::string ImageFolder::name(int64_t id) const { return (folder_ / files_.at(static_cast<size_t>(id))).string(); }

uint64_t ImageFolder::fingerprint() const {
  uint64_t hash = 0;
  for (const std::string& file : files_) {
    std::error_code missing;
    const auto bytes = fs::file_size(folder_ / file, missing);
    hash = stable_hash(format("{} {}", file, missing ? 0 : bytes), hash);
  }
  return hash;
}

void ImageFolder::inspect(int64_t id, Inspection& inspection) const {
  inspection.check_image(name(id), {});
  if (!classes_.empty()) inspection.count_label(classes_.at(class_of(files_.at(static_cast<size_t>(id)))));
}

ImageFolder open_imagenet(const fs::path& root, Split split) {
  const fs::path train = root / "train", val = root / "val";
  if (!fs::is_directory(train)) {
    throw DataError(train.string(), "is not a folder", {},
                    "data.root holds train/<class>/..., or use data.name: folder for images without classes");
  }
  const bool has_val = fs::is_directory(val);
  const fs::path& folder = split == Split::kVal && has_val ? val : train;
  auto files = require_images(folder);
  auto classes = list_classes(train);
  check_classes(folder, files, classes);
  if (!has_val) files = split_by_hash(folder, files, split);
  return {folder, std::move(files), std::move(classes)};
}

ImageFolder open_folder(const fs::path& root, Split split) {
  const fs::path train = root / "train", val = root / "val";
  if (!fs::is_directory(val)) return {root, split_by_hash(root, require_images(root), split), {}};
  if (split == Split::kVal) return {val, require_images(val), {}};
  if (fs::is_directory(train)) return {train, require_images(train), {}};
  return {root, require_images(root, val), {}};
}

}  // namespace glid
