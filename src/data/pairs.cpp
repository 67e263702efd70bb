#include "glid/data/pairs.h"

#include <map>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

bool has_split_folders(const fs::path& root) {
  return fs::is_directory(root / "images" / "train") || fs::is_directory(root / "images" / "val");
}

int64_t num_classes_of(const Pairs::Config& config) {
  if (config.num_classes > 0) return config.num_classes;
  return config.classes.empty() ? kIgnoreLabel : std::ssize(config.classes);
}

std::vector<Vocabulary::Class> label_classes(const Pairs::Config& config) {
  std::vector<std::string> names = config.classes;
  names.resize(static_cast<size_t>(num_classes_of(config)));
  auto classes = numbered_classes(names);
  if (config.reduce_zero_label)
    for (auto& label : classes) ++label.id;
  return classes;
}

std::vector<FilePair> choose(const fs::path& folder, const std::vector<FilePair>& pairs, Split split) {
  std::map<std::string, const FilePair*> by_stem;
  std::vector<std::string> stems;
  for (const FilePair& pair : pairs) {
    by_stem[pair.stem] = &pair;
    stems.push_back(pair.stem);
  }
  std::vector<FilePair> chosen;
  for (const std::string& stem : split_by_hash(folder, stems, split)) chosen.push_back(*by_stem[stem]);
  return chosen;
}

}  // namespace

void Pairs::Config::check(config::Problems& problems) const {
  if (!classes.empty() && num_classes > 0 && num_classes != std::ssize(classes))
    problems.add("num_classes", format("must be the number of data.classes, {}", classes.size()));
  if (target == PairTarget::kDepth && (!classes.empty() || num_classes > 0))
    problems.add(classes.empty() ? "num_classes" : "classes", "belongs to data.target: labels");
  if (std::ssize(classes) > kIgnoreLabel) problems.add("classes", "must be at most 255", std::to_string(classes.size()));
}

Pairs::Pairs(const Config& config, Split split)
    : root_(config.root),
      target_(config.target),
      depth_scale_(config.depth_scale),
      coding_{num_classes_of(config), config.reduce_zero_label, static_cast<uint16_t>(config.ignore_label)} {
  const fs::path below = has_split_folders(root_) ? split_name(split) : "";
  PairList list = list_pairs(root_ / "images" / below, root_ / config::name_of(target_) / below);
  images_without_label_ = std::move(list.images_without_label);
  labels_without_image_ = std::move(list.labels_without_image);
  if (!below.empty() || split == Split::kTrain) others_ = std::move(list.other_images);
  others_.warn(root_ / "images" / below);
  pairs_ = below.empty() ? choose(root_ / "images", list.pairs, split) : std::move(list.pairs);
  if (target_ == PairTarget::kLabels) vocabulary_.labels = label_classes(config);
  vocabulary_.has_depth = target_ == PairTarget::kDepth;
}

bool Pairs::has(const Config& config, Split split) {
  const fs::path images = fs::path(config.root) / "images";
  return fs::is_directory(has_split_folders(config.root) ? images / split_name(split) : images);
}

Sample Pairs::get(int64_t id) const {
  const FilePair& pair = this->pair(id);
  Sample sample{id, name(id), read_image_of_size(pair.image, {}), {}};
  if (target_ == PairTarget::kDepth) {
    sample.targets.depth = read_depth(pair.label, depth_scale_, sample.image);
    return sample;
  }
  LabelMap map = read_label_png(pair.label);
  require_size(pair.label, {map.height, map.width}, sample.image);
  for (uint16_t& label : map.labels) {
    const auto index = coding_.class_of(label);
    if (!index)
      throw DataError(pair.label.string(), "has a label out of range", std::to_string(label),
                      label > kIgnoreLabel ? "are its 16 bits meant? See data.num_classes" : "see data.num_classes");
    label = *index;
  }
  sample.targets.semantic = std::move(map.labels);
  return sample;
}

Fingerprint Pairs::fingerprint() const {
  Fingerprint print;
  for (const FilePair& pair : pairs_)
    for (const fs::path* file : {&pair.image, &pair.label}) add_file(print, *file, root_);
  return print;
}

void Pairs::inspect(int64_t id, Inspection& inspection) const {
  const FilePair& pair = this->pair(id);
  const SizePx size = inspection.check_image(pair.image, {});
  if (target_ == PairTarget::kDepth) return check_depth_file(pair.label, depth_scale_, size, inspection);
  try {
    inspection.check_labels(read_label_png(pair.label), size, coding_, pair.label.string());
  } catch (const DataError& error) {
    inspection.add_reason(Defect::kUnreadableAnnotation, pair.label.string(), error.what());
  }
}

void Pairs::inspect_list(Inspection& inspection) const {
  add_others(root_ / "images", others_, inspection);
  for (const fs::path& image : images_without_label_)
    inspection.add_reason(Defect::kNoAnnotations, image.string(), "left out");
  for (const fs::path& label : labels_without_image_)
    inspection.add_reason(Defect::kMissingImage, label.string(),
                          target_ == PairTarget::kLabels ? "a label without an image" : "a depth map without an image");
}

}  // namespace glid
