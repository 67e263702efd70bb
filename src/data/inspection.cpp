#include "glid/data/inspection.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/image_file.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr size_t kNumLabels = 65536;  // that 16 bits can hold
constexpr uint16_t kWhite = 255;
constexpr double kTolerancePx = 1;  // by which a box may leave its image unnoticed

constexpr std::array kKinds = {
    DefectKind{Defect::kUnusable, "unusable", "the dataset can't be opened", true},
    DefectKind{Defect::kNoSplit, "no_split", "a split is not there", true},
    DefectKind{Defect::kMissingImage, "missing_image", "image is not there", true},
    DefectKind{Defect::kUnreadableImage, "unreadable_image", "image can't be read", true},
    DefectKind{Defect::kImageSize, "image_size", "image has another size than its annotation says", true},
    DefectKind{Defect::kMissingAnnotation, "missing_annotation", "annotation is not there", true},
    DefectKind{Defect::kUnreadableAnnotation, "unreadable_annotation", "annotation can't be used", true},
    DefectKind{Defect::kAnnotationSize, "annotation_size", "annotation has another size than its image", true},
    DefectKind{Defect::kLabelOutOfRange, "label_out_of_range", "label out of range", true},
    DefectKind{Defect::kUnknownClass, "unknown_class", "class that the dataset doesn't have", true},
    DefectKind{Defect::kBinaryLabels, "binary_labels", "labels are all 0 or 255, and 255 is no class", true},
    DefectKind{Defect::kDepthUnit, "depth_unit", "median depth that speaks for another unit", true},
    DefectKind{Defect::kBoxUnit, "box_unit", "boxes that speak for another unit or order", true},
    DefectKind{Defect::kNoBox, "no_box", "object without a box and without a mask", true},
    DefectKind{Defect::kEmptyBox, "empty_box", "box without width or height", true},
    DefectKind{Defect::kBoxOutside, "box_outside", "box wholly outside of its image", true},
    DefectKind{Defect::kBadMask, "bad_mask", "mask can't be used", true},
    DefectKind{Defect::kEmptyMask, "empty_mask", "mask without a pixel", true},
    DefectKind{Defect::kBadKeypoint, "bad_keypoint", "keypoint whose v is not 0, 1 or 2", true},
    DefectKind{Defect::kJointCount, "joint_count", "objects of a category have different numbers of joints", true},
    DefectKind{Defect::kNoJointNames, "no_joint_names", "category without names of joints", true},
    DefectKind{Defect::kNoAnnotations, "no_annotations", "image without annotations", false},
    DefectKind{Defect::kLeftOut, "left_out", "not used", false},
    DefectKind{Defect::kBoxLeavesImage, "box_leaves_image", "box that reaches out of its image", false},
    DefectKind{Defect::kFlatPolygon, "flat_polygon", "polygon without an area beside others", false},
    DefectKind{Defect::kNoMask, "no_mask", "object without a mask", false},
    DefectKind{Defect::kNoArea, "no_area", "objects without an area, which COCO's metric of files asks for", false},
    DefectKind{Defect::kKeypointOutside, "keypoint_outside", "labelled keypoint outside of its image", false},
    DefectKind{Defect::kKeypointCount, "keypoint_count", "num_keypoints is not the number of labelled keypoints", false},
    DefectKind{Defect::kNoValidDepth, "no_valid_depth", "depth without a valid pixel", false},
    DefectKind{Defect::kMostlyIgnored, "mostly_ignored", "most pixels have no class", false},
    DefectKind{Defect::kRepeatedAnnotationId, "repeated_annotation_id", "annotations with the id of an earlier one", false},
    DefectKind{Defect::kAnnotationIdZero, "annotation_id_zero", "annotations with the id 0", false},
    DefectKind{Defect::kRepeatedFile, "repeated_file", "file of more than one image", false},
    DefectKind{Defect::kRepeatedName, "repeated_name", "categories of one name, which tables tell apart by their ids",
               false},
    DefectKind{Defect::kInBothSplits, "in_both_splits", "images to train on among those to validate on", false},
};

double median_of(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string text_of(const Box& box) { return format("[{}, {}, {}, {}]", box.x0, box.y0, box.x1, box.y1); }

}  // namespace

std::span<const DefectKind> defect_kinds() { return kKinds; }

const DefectKind& kind_of(Defect defect) { return kKinds.at(static_cast<size_t>(defect)); }

std::string Finding::line() const {
  const std::string what(kind_of(defect).what);
  if (!reason.empty()) return format("{}: {}: {}", where, what, reason);
  return value.empty() ? format("{}: {}", where, what) : format("{}: {} (got {})", where, what, value);
}

std::string to_string(const SizePx& size) { return format("{} x {}", size.width, size.height); }

std::optional<uint16_t> LabelCoding::class_of(uint16_t label) const {
  if (label == ignore || (reduce_zero && label == 0)) return kIgnoreLabel;
  const int index = label - (reduce_zero ? 1 : 0);
  if (index >= num_classes) return std::nullopt;
  return static_cast<uint16_t>(index);
}

Inspection::Inspection(const Vocabulary& vocabulary)
    : images_(vocabulary.images.size()),
      objects_(vocabulary.objects.size()),
      labels_(vocabulary.labels.size()),
      segments_(vocabulary.segments.size()) {}

void Inspection::Tally::add(int64_t index, int64_t count, int64_t sample) {
  const auto i = static_cast<size_t>(index);
  counts.at(i).count += count;
  if (last_sample[i] != sample) ++counts[i].images;
  last_sample[i] = sample;
}

void Inspection::Tally::merge(const Tally& other) {
  for (size_t i = 0; i < counts.size(); ++i) {
    counts[i].count += other.counts[i].count;
    counts[i].images += other.counts[i].images;
  }
}

void Inspection::add(Defect defect, std::string where, std::string value) {
  findings_.push_back({sample_, defect, std::move(where), std::move(value), {}});
}

void Inspection::add_reason(Defect defect, const std::string& where, const std::string& reason) {
  const std::string prefix = where + ": ";
  findings_.push_back({sample_, defect, where, {}, reason.starts_with(prefix) ? reason.substr(prefix.size()) : reason});
}

SizePx Inspection::check_image(const fs::path& file, const SizePx& declared) {
  std::error_code unreadable;
  if (!fs::exists(file, unreadable)) {
    add(Defect::kMissingImage, file.string());
    return declared;
  }
  SizePx size = declared;
  try {
    const Image image = read_image(file);
    size = {image.height, image.width};
  } catch (const DataError& error) {
    add_reason(Defect::kUnreadableImage, file.string(), error.what());
    return declared;
  }
  count_image(size);
  if (declared.is_known() && size != declared)
    add(Defect::kImageSize, file.string(), format("{} instead of {}", to_string(size), to_string(declared)));
  return size;
}

void Inspection::count_label(int64_t index) { images_.add(index, 1, sample_); }

void Inspection::count_object(int64_t category) { objects_.add(category, 1, sample_); }

void Inspection::count_segment(int64_t category) { segments_.add(category, 1, sample_); }

void Inspection::check_box(const Box& box, const SizePx& image, const std::string& where) {
  if (!(box.x0 < box.x1 && box.y0 < box.y1)) return add(Defect::kEmptyBox, where, text_of(box));
  if (!image.is_known()) return;
  const auto height = static_cast<double>(image.height), width = static_cast<double>(image.width);
  const auto value = [&] { return format("{} in {}", text_of(box), to_string(image)); };
  if (box.x1 <= 0 || box.y1 <= 0 || box.x0 >= width || box.y0 >= height) return add(Defect::kBoxOutside, where, value());
  if (box.x0 < -kTolerancePx || box.y0 < -kTolerancePx || box.x1 > width + kTolerancePx || box.y1 > height + kTolerancePx)
    add(Defect::kBoxLeavesImage, where, value());
}

void Inspection::check_box(const BoxXywh& box, const SizePx& image, const std::string& where) {
  box_units_.add(box, image.height, image.width);
  first_box_.see(sample_, where);
  check_box(to_corners(box), image, where);
}

void Inspection::check_labels(const LabelMap& map, const SizePx& image, const LabelCoding& coding,
                              const std::string& where) {
  const SizePx size{map.height, map.width};
  if (image.is_known() && size != image)
    add(Defect::kAnnotationSize, where, format("{} instead of {}", to_string(size), to_string(image)));
  label_pixels_.first.see(sample_, where);
  std::vector<int64_t> pixels(kNumLabels);
  for (const uint16_t label : map.labels) ++pixels[label];
  for (size_t label = 0; label < kNumLabels; ++label) {
    if (pixels[label] == 0) continue;
    const auto index = coding.class_of(static_cast<uint16_t>(label));
    label_pixels_.by_label[static_cast<uint16_t>(label)] += pixels[label];
    label_pixels_.total += pixels[label];
    if (index == kIgnoreLabel) label_pixels_.without_class += pixels[label];
    if (!index) add(Defect::kLabelOutOfRange, where, format("{} in {} pixels", label, pixels[label]));
    else if (*index != kIgnoreLabel) labels_.add(*index, pixels[label], sample_);
  }
}

void Inspection::check_depth(std::span<const float> metres, const SizePx& depth, const SizePx& image,
                             const std::string& where) {
  if (image.is_known() && depth != image)
    add(Defect::kAnnotationSize, where, format("{} instead of {}", to_string(depth), to_string(image)));
  std::vector<float> valid;
  std::copy_if(metres.begin(), metres.end(), std::back_inserter(valid), [](float d) { return d > 0 && std::isfinite(d); });
  if (valid.empty()) return add(Defect::kNoValidDepth, where);
  const double median = median_of(valid);
  median_depths_.push_back(median);
  if (median < kNearestMedianDepth || median > kFarthestMedianDepth)
    add(Defect::kDepthUnit, where, format("{:.4g} m, expected {} to {}", median, kNearestMedianDepth, kFarthestMedianDepth));
}

void Inspection::First::see(int64_t of, const std::string& at) { merge({of, at}); }

void Inspection::First::merge(const First& other) {
  if (!other.where.empty() && (where.empty() || other.sample < sample)) *this = other;
}

void Inspection::judge_boxes() {
  if (const std::string suspicion = box_units_.suspicion(); !suspicion.empty())
    add_reason(Defect::kBoxUnit, first_box_.where, suspicion);
}

void Inspection::judge_labels() {
  const auto& [by_label, without_class, total, first] = label_pixels_;
  const auto has_none_but = [&](uint16_t a, uint16_t b) {
    return std::ranges::all_of(by_label, [&](const auto& label) { return label.first == a || label.first == b; });
  };
  const auto white = by_label.find(kWhite);
  if (white != by_label.end() && white->second == without_class && has_none_but(0, kWhite))
    add(Defect::kBinaryLabels, first.where,
        format("255 in {} of {} pixels: number the class 1, or set data.ignore_label", without_class, total));
  else if (2 * without_class > total)
    add(Defect::kMostlyIgnored, first.where, format("{} of {} pixels of the split", without_class, total));
}

void Inspection::merge(Inspection&& other) {
  std::move(other.findings_.begin(), other.findings_.end(), std::back_inserter(findings_));
  images_.merge(other.images_);
  objects_.merge(other.objects_);
  labels_.merge(other.labels_);
  segments_.merge(other.segments_);
  for (const auto& [size, count] : other.sizes_) sizes_[size] += count;
  box_units_.merge(other.box_units_);
  first_box_.merge(other.first_box_);
  for (const auto& [label, pixels] : other.label_pixels_.by_label) label_pixels_.by_label[label] += pixels;
  label_pixels_.without_class += other.label_pixels_.without_class;
  label_pixels_.total += other.label_pixels_.total;
  label_pixels_.first.merge(other.label_pixels_.first);
  median_depths_.insert(median_depths_.end(), other.median_depths_.begin(), other.median_depths_.end());
}

void Inspection::finish() {
  begin(-1);  // of the list
  judge_boxes();
  judge_labels();
  std::stable_sort(findings_.begin(), findings_.end(), [](const auto& a, const auto& b) { return a.sample < b.sample; });
  std::sort(median_depths_.begin(), median_depths_.end());
}

int64_t Inspection::num_wrong() const {
  return std::count_if(findings_.begin(), findings_.end(), [](const Finding& f) { return kind_of(f.defect).is_wrong; });
}

}  // namespace glid
