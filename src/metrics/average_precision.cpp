#include "glid/metrics/average_precision.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <unordered_set>
#include <utility>

#include "ap_curves.h"
#include "ap_matching.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/parallel_for.h"
#include "glid/metrics/image_records.h"
#include "record_bytes.h"

namespace glid {
namespace {

void check_image(const ApImage& image, int64_t num_categories) {
  const auto check_category = [&](int32_t category) {
    if (category < 0 || category >= num_categories)
      throw std::invalid_argument(format("ApAccumulator: category {}", category));
  };
  for (const ApTruth& truth : image.truths) check_category(truth.category);
  for (const ApDetection& detection : image.detections) {
    check_category(detection.category);
    if (std::isnan(detection.score))
      throw std::invalid_argument(format("ApAccumulator: NaN score in image {}", image.image));
  }
}

void check_images(std::vector<int64_t> images, int64_t num_images) {
  std::sort(images.begin(), images.end());
  for (int64_t i = 0; i < static_cast<int64_t>(images.size()); ++i) {
    const int64_t image = images[static_cast<size_t>(i)];
    if (image != i)
      throw std::invalid_argument(
          format("ApAccumulator: image {} {}", std::min(image, i), image < i ? "came twice" : "is missing"));
  }
  if (static_cast<int64_t>(images.size()) != num_images) {
    throw std::invalid_argument(format("ApAccumulator: {} images came, not {}", images.size(), num_images));
  }
}

ApResult empty_result(const ApParameters& parameters, int64_t num_categories) {
  ApResult result{parameters, parameters.pools_categories ? 1 : num_categories};
  const size_t num_categories_ranges = static_cast<size_t>(result.num_categories) * parameters.area_ranges.size();
  const size_t num_curves = num_categories_ranges * parameters.max_dets.size() * parameters.iou_thresholds.size();
  result.precision.assign(num_curves * parameters.recall_points.size(), -1);
  result.recall.assign(num_curves, -1);
  result.average_precision.assign(num_curves, -1);
  result.num_truths.assign(num_categories_ranges, 0);
  result.num_detections.assign(static_cast<size_t>(result.num_categories), 0);
  return result;
}

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// What two ranks must agree on.
std::string signature(const ApParameters& p, int64_t num_categories) {
  std::string ranges;
  for (const AreaRange& range : p.area_ranges) ranges += format("{} {} {} ", range.name, range.min_px2, range.max_px2);
  return glid::format("glid ap 2|{}|{}|{}|{}|{}|{}|{}{}|{}{}{}{}|{}", static_cast<int>(p.kind),
                      fmt::join(p.iou_thresholds, " "), fmt::join(p.recall_points, " "), fmt::join(p.max_dets, " "), ranges,
                      fmt::join(p.keypoint_sigmas, " "), static_cast<int>(p.matching), static_cast<int>(p.interpolation),
                      p.drops_crowds, p.uses_box_area, p.has_inclusive_corners, p.pools_categories, num_categories);
}

}  // namespace

size_t ApResult::cell(size_t category, size_t area_range, size_t limit) const {
  const size_t row = (category * parameters.area_ranges.size() + area_range) * parameters.max_dets.size() + limit;
  return row * parameters.iou_thresholds.size();
}

ApAccumulator::ApAccumulator(ApParameters parameters, int64_t num_categories)
    : parameters_(std::move(parameters)), num_categories_(num_categories) {
  parameters_.check();
}

void ApAccumulator::add(const ApImage& image) {
  check_image(image, num_categories_);
  images_.push_back(image.image);
  ApMatcher(*this, image).add_groups();
}

void ApAccumulator::merge(const ApAccumulator& other) {
  if (!(parameters_ == other.parameters_) || num_categories_ != other.num_categories_) {
    throw std::invalid_argument("ApAccumulator: merge of other parameters");
  }
  const size_t first_group = groups_.size(), first_detection = detections_.size();
  const auto first_match = static_cast<uint32_t>(matches_.size() / parameters_.area_ranges.size());
  append(images_, other.images_);
  append(groups_, other.groups_);
  append(num_truths_, other.num_truths_);
  append(detections_, other.detections_);
  append(matches_, other.matches_);
  for (size_t i = first_group; i < groups_.size(); ++i) groups_[i].first_detection += first_detection;
  for (size_t i = first_detection; i < detections_.size(); ++i) {
    if (detections_[i].match != kUnmatched) detections_[i].match += first_match;
  }
}

ApResult ApAccumulator::finish(int64_t num_images, int64_t num_threads) const {
  check_images(images_, num_images);
  return curves(num_threads, {});
}

std::vector<int64_t> ApAccumulator::sorted_images() const {
  std::vector<int64_t> images = images_;
  std::sort(images.begin(), images.end());
  if (const auto twice = std::adjacent_find(images.begin(), images.end()); twice != images.end())
    throw std::invalid_argument(format("ApAccumulator: image {} came twice", *twice));
  return images;
}

std::vector<std::string> ApAccumulator::keys() const {
  std::vector<std::string> keys;
  for (const int64_t image : sorted_images()) keys.push_back(image_key(image));
  return keys;
}

ApResult ApAccumulator::result() const {
  sorted_images();
  return curves(/*num_threads=*/1, {});
}

std::vector<MetricValue> ApAccumulator::values_of(Times times) const {
  if (times.empty()) return ap_numbers(result());
  const std::vector<int64_t> images = sorted_images();
  if (images.size() != times.size()) throw std::invalid_argument("times of other images");
  std::vector<int32_t> of_group;
  for (const Group& group : groups_)
    of_group.push_back(times[static_cast<size_t>(std::ranges::lower_bound(images, group.image) - images.begin())]);
  return ap_numbers(curves(/*num_threads=*/1, of_group));
}

// `times` of each group.
ApResult ApAccumulator::curves(int64_t num_threads, Times times) const {
  ApResult result = empty_result(parameters_, num_categories_);
  std::vector<std::vector<uint32_t>> groups_of(static_cast<size_t>(result.num_categories));
  for (uint32_t i = 0; i < groups_.size(); ++i) groups_of[static_cast<size_t>(groups_[i].category)].push_back(i);
  parallel_for(result.num_categories, num_threads, [&](int64_t category, int64_t) {
    std::vector<uint32_t>& groups = groups_of[static_cast<size_t>(category)];
    std::sort(groups.begin(), groups.end(), [this](uint32_t a, uint32_t b) { return groups_[a].image < groups_[b].image; });
    ApCurves(*this, groups, times, static_cast<size_t>(category), result).write();
  });
  return result;
}

std::string ApAccumulator::to_bytes() const {
  ByteWriter bytes;
  bytes.put_text(signature(parameters_, num_categories_));
  bytes.put_all(images_);
  bytes.put_all(groups_);
  bytes.put_all(num_truths_);
  bytes.put_all(detections_);
  bytes.put_all(matches_);
  return bytes.take();
}

void ApAccumulator::merge_bytes(std::string_view bytes) {
  const ApAccumulator other = from_bytes(parameters_, num_categories_, bytes);
  const std::unordered_set<int64_t> images(images_.begin(), images_.end());
  for (const int64_t image : other.images_)
    if (images.contains(image)) throw DataError(format("image {}", image), "arrives twice");
  merge(other);
}

ApAccumulator ApAccumulator::from_bytes(ApParameters parameters, int64_t num_categories, std::string_view bytes) {
  ApAccumulator out(std::move(parameters), num_categories);
  ByteReader in(bytes);
  if (in.get_text() != signature(out.parameters_, num_categories)) {
    throw std::invalid_argument("ApAccumulator: bytes of other parameters");
  }
  out.images_ = in.get_all<int64_t>();
  out.groups_ = in.get_all<Group>();
  out.num_truths_ = in.get_all<uint32_t>();
  out.detections_ = in.get_all<Detection>();
  out.matches_ = in.get_all<Match>();
  if (!in.empty()) throw std::invalid_argument("ApAccumulator: more bytes than an accumulator has");
  return out;
}

}  // namespace glid
