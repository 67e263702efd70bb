#include "glid/data/image_folder.h"

#include <algorithm>
#include <span>
#include <utility>

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/core/log.h"
#include "glid/data/inspection.h"
#include "glid/formats/image_file.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// Images relative to their folder, and those of formats that aren't read.
struct Listing {
  std::vector<std::string> files;
  OtherImages others;
};

// The images of `folder`, at least one. `skipped` is a folder whose content doesn't count, or empty.
Listing require_images(const fs::path& folder, const fs::path& skipped = {}) {
  if (!fs::is_directory(folder)) {
    throw DataError(folder.string(), "is not a folder", {}, "check data.root and data.name");
  }
  Listing listing;
  size_t num_others = 0;
  for (std::string& file : files_below(folder, skipped)) {
    if (has_extension(file, kImageExtensions)) listing.files.push_back(std::move(file));
    else ++num_others, listing.others.add(folder / file);
  }
  if (listing.files.empty()) {
    const std::string hint = listing.others.hint();
    throw DataError(folder.string(), "holds no images", counted(num_others, "file of another kind", "files of other kinds"),
                    hint.empty() ? "images end in " + join(std::span(kImageExtensions), " ") : hint);
  }
  return listing;
}

bool has_class(const std::string& file) { return file.find('/') != std::string::npos; }

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
    if (!has_class(file)) {
      throw DataError((folder / file).string(), "is not in a class folder", {},
                      "sort the images into class folders; pre-training takes them as they are by data.name: folder");
    }
    if (!classes.contains(class_of(file))) {
      throw DataError((folder / file).string(), "is of a class that the training folder has not", class_of(file),
                      "give train and val the same class folders");
    }
  }
}

// Of ImageNet without val. Said aloud: nine tenths are not the set whose size people know.
std::vector<std::string> take_out_a_tenth(const fs::path& root, const fs::path& train, const std::vector<std::string>& files,
                                          Split split) {
  std::vector<std::string> kept = split_by_hash(train, files, split);
  if (split == Split::kTrain)
    log_rank_zero_warning("{}: has no val: trains on {} of its {} training images and validates on the other {}",
                          root.string(), kept.size(), files.size(), files.size() - kept.size());
  return kept;
}

}  // namespace

ImageFolder::ImageFolder(fs::path folder, std::vector<std::string> files, std::map<std::string, int64_t> classes,
                         OtherImages others)
    : folder_(std::move(folder)), files_(std::move(files)), classes_(std::move(classes)), others_(std::move(others)) {
  others_.warn(folder_);
  for (const auto& [name, label] : classes_) vocabulary_.images.push_back({label, name});
}

Targets ImageFolder::targets(int64_t id) const {
  Targets targets;
  const std::string name(file(id));
  if (!classes_.empty() && has_class(name)) targets.label = classes_.at(class_of(name));
  return targets;
}

Sample ImageFolder::get(int64_t id) const {
  const std::string where = name(id);
  return {id, where, read_image(where), targets(id)};
}

std::string ImageFolder::name(int64_t id) const { return (folder_ / files_.at(static_cast<size_t>(id))).string(); }

Fingerprint ImageFolder::fingerprint() const {
  Fingerprint print;
  for (const std::string& file : files_) add_named_file(print, file, folder_ / file);
  return print;
}

void ImageFolder::inspect(int64_t id, Inspection& inspection) const {
  inspection.check_image(name(id), {});
  if (const auto label = targets(id).label) inspection.count_label(*label);
}

void ImageFolder::inspect_list(Inspection& inspection) const { add_others(folder_, others_, inspection); }

ImageFolder open_imagenet(const fs::path& root, Split split) {
  const fs::path train = root / "train", val = root / "val";
  if (!fs::is_directory(train)) {
    throw DataError(train.string(), "is not a folder", {},
                    "data.root holds train/<class>/..., or use data.name: folder for images without classes");
  }
  const bool has_val = fs::is_directory(val);
  const fs::path& folder = split == Split::kVal && has_val ? val : train;
  auto [files, others] = require_images(folder);
  auto classes = list_classes(train);
  if (&folder == &val && std::ranges::none_of(files, has_class)) {
    log_info("{}: has no class folders: its images have no labels", val.string());
  } else {
    check_classes(folder, files, classes);
  }
  if (!has_val) files = take_out_a_tenth(root, train, files, split);
  return {folder, std::move(files), std::move(classes),
          has_val || split == Split::kTrain ? std::move(others) : OtherImages()};
}

ImageFolder open_folder(const fs::path& root, Split split) {
  const fs::path train = root / "train", val = root / "val";
  const bool has_val = fs::is_directory(val);
  const fs::path& folder = has_val && split == Split::kVal ? val : has_val && fs::is_directory(train) ? train : root;
  auto [files, others] = require_images(folder, has_val && folder == root ? val : fs::path());
  if (has_val) return {folder, std::move(files), {}, std::move(others)};
  return {folder, split_by_hash(folder, files, split), {}, split == Split::kTrain ? std::move(others) : OtherImages()};
}

}  // namespace glid
