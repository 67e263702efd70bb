#include "panoptic_matching.h"

#include <string>
#include <utility>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "pixel_pairs.h"

namespace glid {
namespace {

constexpr uint32_t kVoid = 0;
constexpr double kMatchIou = 0.5;      // strictly above: no segment can then match two
constexpr double kIgnoredShare = 0.5;  // strictly above: an unmatched prediction on VOID and crowd doesn't count

// A listed segment and what its pixels say.
struct Segment {
  const PanopticSegment* listed;
  int64_t category;  // index
  int64_t num_pixels = 0;
  bool is_matched = false;
  int64_t num_ignored = 0;  // of a prediction: pixels on VOID and, once add_crowds was called, on the crowd of its class
};

class Segments {
 public:
  Segments(const PanopticContext& context, const char* role, const PanopticView& view)
      : where_(view.where.empty() ? format("image {}", context.image) : std::string(view.where)), role_(role) {
    all_.reserve(view.segments.size());
    for (const PanopticSegment& segment : view.segments) {
      if (segment.id == kVoid) fail(segment.id, "is VOID's and can be no segment's");
      const auto category = context.category_index.find(segment.category_id);
      if (category == context.category_index.end()) {
        fail(segment.id, "has an unknown category", format("{}", segment.category_id));
      }
      if (!index_.emplace(segment.id, all_.size()).second) fail(segment.id, "is listed twice");
      all_.push_back({.listed = &segment, .category = category->second});
    }
  }

  auto begin() { return all_.begin(); }
  auto end() { return all_.end(); }

  // Null for an id that is not listed.
  Segment* find(uint32_t id) {
    const auto found = index_.find(id);
    return found == index_.end() ? nullptr : &all_[found->second];
  }

  [[noreturn]] void fail(int64_t id, const std::string& what, const std::string& value = {},
                         const std::string& hint = {}) const {
    throw DataError(format("{}: {} segment id {}", where_, role_, id), what, value, hint);
  }

 private:
  std::string where_;
  const char* role_;
  std::vector<Segment> all_;  // in the JSON's order
  std::unordered_map<int64_t, size_t> index_;
};

class ImageMatcher {
 public:
  ImageMatcher(const PanopticContext& context, const PanopticView& predicted, const PanopticView& truth)
      : predicted_(context, "predicted", predicted),
        truth_(context, "truth", truth),
        pairs_(count_pixel_pairs(truth.ids, predicted.ids)) {}

  PanopticImageRecord match() {
    count_areas();
    check_predictions();
    check_truths();
    match_pairs();
    count_misses();
    ignore_crowds();
    count_false_positives();
    return std::move(record_);
  }

 private:
  void count_areas() {
    uint32_t last_unlisted = kVoid;
    for (const PixelPair& pair : pairs_) {
      if (Segment* prediction = predicted_.find(pair.predicted)) {
        prediction->num_pixels += pair.num_pixels;
        if (pair.truth == kVoid) prediction->num_ignored += pair.num_pixels;
      } else if (pair.predicted != kVoid) {
        predicted_.fail(pair.predicted, "is in the PNG but not in the JSON");
      }
      if (Segment* truth = truth_.find(pair.truth)) {
        truth->num_pixels += pair.num_pixels;
      } else if (pair.truth != kVoid) {
        record_.notes.unlisted_truth_pixels += pair.num_pixels;
        record_.notes.unlisted_truth_ids += pair.truth != last_unlisted;
        last_unlisted = pair.truth;
      }
    }
  }

  void check_predictions() {
    for (const Segment& prediction : predicted_) {
      if (prediction.num_pixels == 0) predicted_.fail(prediction.listed->id, "is in the JSON but has no pixel in the PNG");
    }
  }

  void check_truths() {
    for (const Segment& truth : truth_) {
      if (!truth.listed->area) truth_.fail(truth.listed->id, "has no area", {}, "its pixels, as in the PNG");
      record_.notes.truths_without_pixels += truth.num_pixels == 0;
      record_.notes.truths_of_other_area += *truth.listed->area != static_cast<double>(truth.num_pixels);
    }
  }

  void match_pairs() {
    for (const PixelPair& pair : pairs_) {
      Segment* truth = truth_.find(pair.truth);
      Segment* prediction = predicted_.find(pair.predicted);
      if (!truth || !prediction || truth->listed->is_crowd || truth->category != prediction->category) continue;
      const double iou = iou_of(pair, *truth, *prediction);
      if (!(iou > kMatchIou)) continue;
      truth->is_matched = prediction->is_matched = true;
      record_.matches.push_back({truth->category, iou});
    }
  }

  double iou_of(const PixelPair& pair, const Segment& truth, const Segment& prediction) const {
    const double outside = static_cast<double>(prediction.num_pixels - pair.num_pixels - prediction.num_ignored);
    const double both = outside + *truth.listed->area;
    if (!(both > 0))
      truth_.fail(truth.listed->id, "has pixels but this area in the JSON", format("{}", *truth.listed->area));
    return static_cast<double>(pair.num_pixels) / both;
  }

  void count_misses() {
    for (const Segment& truth : truth_) {
      if (!truth.is_matched && !truth.listed->is_crowd) record_.false_negatives.push_back(truth.category);
    }
  }

  // Of several crowds of a category only the last one listed counts.
  void ignore_crowds() {
    std::unordered_map<int64_t, const Segment*> crowds;
    for (const Segment& truth : truth_) {
      if (!truth.listed->is_crowd) continue;
      record_.notes.forgotten_crowds += crowds.contains(truth.category);
      crowds[truth.category] = &truth;
    }
    for (const PixelPair& pair : pairs_) {
      const Segment* truth = truth_.find(pair.truth);
      Segment* prediction = predicted_.find(pair.predicted);
      if (!truth || !prediction || !truth->listed->is_crowd || truth->category != prediction->category) continue;
      if (crowds.at(truth->category) == truth) prediction->num_ignored += pair.num_pixels;
    }
  }

  void count_false_positives() {
    for (const Segment& prediction : predicted_) {
      if (prediction.is_matched) continue;
      const double share = static_cast<double>(prediction.num_ignored) / static_cast<double>(prediction.num_pixels);
      if (!(share > kIgnoredShare)) record_.false_positives.push_back(prediction.category);
    }
  }

  Segments predicted_, truth_;
  std::vector<PixelPair> pairs_;
  PanopticImageRecord record_;
};

}  // namespace

PanopticImageRecord match_panoptic(const PanopticContext& context, const PanopticView& predicted,
                                   const PanopticView& truth) {
  if (predicted.ids.size() != truth.ids.size()) {
    throw DataError(format("image {}", context.image), "has a prediction of another size than its truth",
                    format("{} and {} pixels", predicted.ids.size(), truth.ids.size()));
  }
  return ImageMatcher(context, predicted, truth).match();
}

PanopticImageRecord miss_panoptic(const PanopticContext& context, std::span<const PanopticSegment> truth) {
  PanopticImageRecord record;
  record.notes.missing_predictions = 1;
  for (const Segment& segment : Segments(context, "truth", {{}, truth})) {
    if (!segment.listed->is_crowd) record.false_negatives.push_back(segment.category);
  }
  return record;
}

}  // namespace glid
