#include "glid/viz/contact_sheet.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <unordered_map>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/data/epoch_plan.h"
#include "glid/formats/resize.h"
#include "glid/viz/draw.h"
#include "glid/viz/heat_map.h"
#include "glid/viz/image_grid.h"

namespace glid {
namespace {

constexpr size_t kCellsARow = 4;
constexpr int kPaddingPx = 6;
constexpr uint8_t kUnreadable = 160;
constexpr double kMaskOpacity = 0.45, kLabelOpacity = 0.65;

double scale_of(const Image& image, int64_t side_px) {
  return static_cast<double>(side_px) / static_cast<double>(std::max(image.height, image.width));
}

Image scaled(const Image& image, double scale) {
  if (scale == 1) return image;
  const auto side = [&](int64_t px) { return std::max<int64_t>(1, std::llround(static_cast<double>(px) * scale)); };
  return resize(image, side(image.height), side(image.width), Filter::kBilinear);
}

Image draw_objects(const Sample& sample, const Vocabulary& vocabulary, int64_t side_px) {
  Image full = sample.image;
  const auto& instances = sample.targets.instances;
  for (size_t i = 0; i < instances.size(); ++i)
    if (!instances[i].mask.counts.empty())
      tint_mask(full, instances[i].mask, class_color(static_cast<int64_t>(i)), kMaskOpacity);
  const double scale = scale_of(full, side_px);
  Image image = scaled(full, scale);
  for (size_t i = 0; i < instances.size(); ++i) {
    const Rgb color = class_color(static_cast<int64_t>(i));
    const Box& box = instances[i].box;
    const std::string& name = vocabulary.objects.at(static_cast<size_t>(instances[i].category)).name;
    std::vector<Keypoint> joints = instances[i].keypoints;
    for (Keypoint& joint : joints) joint.x *= scale, joint.y *= scale;
    draw_box(image, {box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale}, color,
             instances[i].is_crowd ? name + " (crowd)" : name);
    draw_keypoints(image, joints, vocabulary.limbs, color);
  }
  return image;
}

Image draw_labels(const Sample& sample, int64_t side_px) {
  Image full = sample.image;
  tint_labels(full, sample.targets.semantic, kLabelOpacity);
  return scaled(full, scale_of(full, side_px));
}

// Segments by their place in the list.
Image draw_segments(const Sample& sample, int64_t side_px) {
  const Panoptic& panoptic = sample.targets.panoptic;
  std::unordered_map<uint32_t, uint16_t> places = {{0, kIgnoreLabel}};
  for (const SegmentInfo& segment : panoptic.segments)
    places.emplace(segment.id, static_cast<uint16_t>((places.size() - 1) % kIgnoreLabel));
  std::vector<uint16_t> labels;
  for (const uint32_t id : panoptic.ids) labels.push_back(places.at(id));
  Image full = sample.image;
  tint_labels(full, labels, kLabelOpacity);
  return scaled(full, scale_of(full, side_px));
}

// From the nearest valid pixel to the farthest; what is not valid is grey.
Image draw_depth(const Sample& sample, int64_t side_px) {
  std::vector<double> metres(sample.targets.depth.begin(), sample.targets.depth.end());
  double low = HUGE_VAL, high = 0;
  for (double& depth : metres) {
    if (!(depth > 0)) depth = NAN;
    if (!std::isfinite(depth)) continue;
    low = std::min(low, depth);
    high = std::max(high, depth);
  }
  const bool is_flat = !(low < high);
  const Image full = heat_map(metres, sample.image.height, sample.image.width, is_flat ? 0 : low, is_flat ? 1 : high);
  return scaled(full, scale_of(full, side_px));
}

}  // namespace

std::vector<Image> draw_sample(const Sample& sample, const Vocabulary& vocabulary, int64_t side_px) {
  std::vector<Image> pictures{draw_objects(sample, vocabulary, side_px)};
  if (!sample.targets.semantic.empty()) pictures.push_back(draw_labels(sample, side_px));
  if (!sample.targets.panoptic.ids.empty()) pictures.push_back(draw_segments(sample, side_px));
  if (!sample.targets.depth.empty()) pictures.push_back(draw_depth(sample, side_px));
  return pictures;
}

Image contact_sheet(const AnnotatedDataset& dataset, const SheetOptions& options) {
  if (options.count < 1 || options.side_px < 1) throw std::invalid_argument("contact_sheet: nothing to draw");
  std::vector<int64_t> ids = epoch_permutation(dataset.size(), options.seed, 0);
  ids.resize(static_cast<size_t>(std::min(options.count, dataset.size())));
  std::vector<std::vector<Image>> rows(1);
  for (const int64_t id : ids) {
    std::vector<Image> pictures;
    try {
      pictures = draw_sample(dataset.get(id), dataset.vocabulary(), options.side_px);
    } catch (const DataError& error) {
      log_warning("{}", error.what());
      pictures.push_back(Image::filled(options.side_px, options.side_px, kUnreadable));
    }
    if (!rows.back().empty() && rows.back().size() + pictures.size() > kCellsARow) rows.emplace_back();
    std::move(pictures.begin(), pictures.end(), std::back_inserter(rows.back()));
  }
  return grid(rows, {}, kPaddingPx);
}

}  // namespace glid
