#include "glid/data/image_folder.h"

#include <utility>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/log.h"
#include "glid/data/inspection.h"
#include "glid/formats/image_file.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// The images of `folder`, at least one. `skipped` is a folder whose content doesn't count, or empty.
FileList require_images(const fs::path& folder, const fs::path& skipped = {}) {
  if (!fs::is_directory(folder)) {
    throw DataError(folder.string(), "is not a folder", {}, "check data.root and data.name");
  }
  return FileList::open(folder, skipped);
}

bool has_class(std::string_view file) { return file.find('/') != std::string_view::npos; }

std::string_view class_of(std::string_view file) { return file.substr(0, file.find('/')); }

bool any_has_class(const FileList& files) {
  for (int64_t i = 0; i < files.size(); ++i)
    if (has_class(files.file(i))) return true;
  return false;
}

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

void check_classes(const fs::path& folder, const FileList& files, const std::map<std::string, int64_t>& classes) {
  std::string_view known;  // files of a class follow each other
  for (int64_t i = 0; i < files.size(); ++i) {
    const std::string_view file = files.file(i), name = class_of(file);
    if (!has_class(file)) {
      throw DataError((folder / file).string(), "is not in a class folder", {},
                      "sort the images into class folders; pre-training takes them as they are by data.name: folder");
    }
    if (name == known) continue;
    known = name;
    if (!classes.contains(std::string(name))) {
      throw DataError((folder / file).string(), "is of a class that the training folder has not", std::string(name),
                      "give train and val the same class folders");
    }
  }
}

std::vector<uint32_t> part_of(const fs::path& folder, const FileList& files, Split split) {
  const auto places = places_by_hash(
      folder, files.size(), [&](int64_t i) { return files.file(i); }, split);
  return {places.begin(), places.end()};
}

// Of ImageNet without val. Said aloud: nine tenths are not the set whose size people know.
std::vector<uint32_t> take_out_a_tenth(const fs::path& root, const fs::path& train, const FileList& files, Split split) {
  std::vector<uint32_t> kept = part_of(train, files, split);
  if (split == Split::kTrain)
    log_rank_zero_warning("{}: has no val: trains on {} of its {} training images and validates on the other {}",
                          root.string(), kept.size(), files.size(), files.size() - std::ssize(kept));
  return kept;
}

}  // namespace

ImageFolder::ImageFolder(fs::path folder, FileList files, std::map<std::string, int64_t> classes,
                         std::optional<std::vector<uint32_t>> chosen, OtherImages others)
    : folder_(std::move(folder)),
      files_(std::move(files)),
      classes_(std::move(classes)),
      chosen_(std::move(chosen)),
      others_(std::move(others)) {
  others_.warn(folder_);
  for (const auto& [name, label] : classes_) vocabulary_.images.push_back({label, name});
}

Targets ImageFolder::targets(int64_t id) const {
  Targets targets;
  if (!classes_.empty() && has_class(file(id))) targets.label = classes_.at(std::string(class_of(file(id))));
  return targets;
}

Sample ImageFolder::get(int64_t id) const {
  const std::string where = name(id);
  return {id, where, read_image(where), targets(id)};
}

std::string ImageFolder::name(int64_t id) const { return (folder_ / file(id)).string(); }

Fingerprint ImageFolder::fingerprint() const {
  Fingerprint print;
  for (int64_t id = 0; id < size(); ++id) add_named(print, file(id), files_.bytes(place(id)));
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
  FileList files = require_images(folder);
  auto classes = list_classes(train);
  if (&folder == &val && !any_has_class(files)) {
    log_info("{}: has no class folders: its images have no labels", val.string());
  } else {
    check_classes(folder, files, classes);
  }
  std::optional<std::vector<uint32_t>> chosen;
  if (!has_val) chosen = take_out_a_tenth(root, train, files, split);
  OtherImages others = has_val || split == Split::kTrain ? files.others() : OtherImages();
  return {folder, std::move(files), std::move(classes), std::move(chosen), std::move(others)};
}

ImageFolder open_folder(const fs::path& root, Split split) {
  const fs::path train = root / "train", val = root / "val";
  const bool has_val = fs::is_directory(val);
  const fs::path& folder = has_val && split == Split::kVal ? val : has_val && fs::is_directory(train) ? train : root;
  FileList files = require_images(folder, has_val && folder == root ? val : fs::path());
  std::optional<std::vector<uint32_t>> chosen;
  if (!has_val) chosen = part_of(folder, files, split);
  OtherImages others = has_val || split == Split::kTrain ? files.others() : OtherImages();
  return {folder, std::move(files), {}, std::move(chosen), std::move(others)};
}

}  // namespace glid
