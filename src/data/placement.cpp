#include "glid/data/placement.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "glid/core/format.h"
#include "segments.h"

namespace glid {
namespace {

// Points and boxes nearer than this to a border are on it: maps round.
constexpr double kRoundingPx = 1e-6;

double to_double(int64_t value) { return static_cast<double>(value); }

void check_size(std::string_view what, int64_t height, int64_t width) {
  if (height > 0 && width > 0 && height <= kMaxImagePixels / width) return;
  throw std::invalid_argument(format("Placement: {} of {} x {} (height x width)", what, height, width));
}

void check_original(std::string_view what, int64_t height, int64_t width, const Placement& placement) {
  if (height == placement.original_height() && width == placement.original_width()) return;
  throw std::invalid_argument(format("Placement: {} of {} x {} with a placement for {} x {} (height x width)", what, height,
                                     width, placement.original_height(), placement.original_width()));
}

// ---- Pixels, a step at a time.

Image placed(const Image& image, const CropBox& box, Filter /*filter*/) {
  Image out{box.height, box.width, {}};
  out.pixels.reserve(static_cast<size_t>(box.height * box.width * 3));
  for (int64_t y = box.top; y < box.top + box.height; ++y) {
    const uint8_t* row = image.row(y) + box.left * 3;
    out.pixels.insert(out.pixels.end(), row, row + box.width * 3);
  }
  return out;
}

Image placed(const Image& image, const Placement::Resize& size, Filter filter) {
  return resize(image, size.height, size.width, filter);
}

Image placed(const Image& image, const Placement::Flip& /*flip*/, Filter /*filter*/) {
  Image out = Image::filled(image.height, image.width, 0);
  for (int64_t y = 0; y < image.height; ++y) {
    const uint8_t* from = image.row(y) + image.width * 3;
    uint8_t* to = out.row(y);
    for (int64_t x = 0; x < image.width; ++x) std::copy_n(from -= 3, 3, to + 3 * x);
  }
  return out;
}

bool is_inside(const PointXy& point, int64_t height, int64_t width) {
  return point.x >= 0 && point.y >= 0 && point.x < to_double(width) && point.y < to_double(height);
}

// The two pixels whose centres are on either side of a coordinate inside of [0, size), and the second one's weight.
struct Neighbours {
  int64_t first, second;
  double weight;
};

Neighbours neighbours(double coordinate, int64_t size) {
  const double below = std::floor(coordinate - 0.5);
  const auto first = static_cast<int64_t>(below);
  return {std::max<int64_t>(first, 0), std::min(first + 1, size - 1), coordinate - 0.5 - below};
}

double blend(double a, double b, double b_weight) { return a + (b - a) * b_weight; }

void blend_bilinear(const Image& image, const PointXy& point, uint8_t* out) {
  const auto [left, right, x_weight] = neighbours(point.x, image.width);
  const auto [upper, lower, y_weight] = neighbours(point.y, image.height);
  const uint8_t *above = image.row(upper), *below = image.row(lower);
  for (int64_t c = 0; c < 3; ++c) {
    const double top = blend(above[left * 3 + c], above[right * 3 + c], x_weight);
    const double bottom = blend(below[left * 3 + c], below[right * 3 + c], x_weight);
    out[c] = static_cast<uint8_t>(blend(top, bottom, y_weight) + 0.5);
  }
}

PointXy centre_of(int64_t x, int64_t y) { return {to_double(x) + 0.5, to_double(y) + 0.5}; }

Image placed(const Image& image, const Placement::Warp& warp, Filter /*filter*/) {
  Image out = Image::filled(warp.height, warp.width, 0);
  for (int64_t y = 0; y < warp.height; ++y) {
    for (int64_t x = 0; x < warp.width; ++x) {
      const PointXy source = apply(warp.back, centre_of(x, y));
      if (is_inside(source, image.height, image.width)) blend_bilinear(image, source, out.row(y) + 3 * x);
    }
  }
  return out;
}

// ---- Where the picture's pixels come from. The steps are undone one by one: for sizes, p * before / after has no rounding
// where a centre falls on a border, so that a flip gives the flipped result.

PointXy undone(const PointXy& p, const CropBox& box, const Placement::Step& /*step*/) {
  return {p.x + to_double(box.left), p.y + to_double(box.top)};
}

PointXy undone(const PointXy& p, const Placement::Resize& size, const Placement::Step& step) {
  return {p.x * to_double(step.width) / to_double(size.width), p.y * to_double(step.height) / to_double(size.height)};
}

PointXy undone(const PointXy& p, const Placement::Flip& /*flip*/, const Placement::Step& step) {
  return {to_double(step.width) - p.x, p.y};
}

PointXy undone(const PointXy& p, const Placement::Warp& warp, const Placement::Step& /*step*/) {
  return apply(warp.back, p);
}

// Nothing where a warp shows what lies outside of its picture.
std::optional<PointXy> source_of(PointXy point, const Placement& placement) {
  const auto& steps = placement.steps();
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    point = std::visit([&](const auto& operation) { return undone(point, operation, *step); }, step->operation);
    if (!is_inside(point, step->height, step->width)) return std::nullopt;
  }
  return point;
}

// For each pixel of the picture [height][width] the original's (row * width + column) under its centre, or -1.
using SourceMap = std::vector<int32_t>;

int32_t index_of(const std::optional<PointXy>& source, int64_t width) {
  if (!source) return -1;
  return static_cast<int32_t>(static_cast<int64_t>(source->y) * width + static_cast<int64_t>(source->x));
}

bool is_warped(const Placement& placement) {
  return std::any_of(placement.steps().begin(), placement.steps().end(),
                     [](const Placement::Step& step) { return std::holds_alternative<Placement::Warp>(step.operation); });
}

SourceMap make_source_map(const Placement& placement) {
  const int64_t height = placement.height(), width = placement.width(), original_width = placement.original_width();
  SourceMap sources(static_cast<size_t>(height * width));
  const auto row = [&](int64_t y) { return sources.begin() + y * width; };
  for (int64_t y = 0; y < (is_warped(placement) ? height : 1); ++y)
    for (int64_t x = 0; x < width; ++x) row(y)[x] = index_of(source_of(centre_of(x, y), placement), original_width);
  if (is_warped(placement)) return sources;
  // Without a warp, columns come from columns and rows from rows.
  for (int64_t y = height - 1; y >= 0; --y) {
    const int32_t offset = index_of(source_of(centre_of(0, y), placement), original_width) - row(0)[0];
    std::transform(row(0), row(1), row(y), [&](int32_t source) { return source + offset; });
  }
  return sources;
}

template <typename T>
std::vector<T> looked_up(const std::vector<T>& values, const SourceMap& sources, T outside) {
  std::vector<T> out(sources.size());
  std::transform(sources.begin(), sources.end(), out.begin(),
                 [&](int32_t source) { return source < 0 ? outside : values[static_cast<size_t>(source)]; });
  return out;
}

// ---- Targets.

Rle placed_mask(const Rle& mask, const Placement& placement, const SourceMap& sources) {
  check_original("mask", mask.height, mask.width, placement);
  return rle_from_mask(looked_up<uint8_t>(mask_from_rle(mask), sources, 0), placement.height(), placement.width());
}

template <typename T>
std::vector<T> placed_map(std::string_view what, const std::vector<T>& values, const Placement& placement,
                          const SourceMap& sources, T outside) {
  if (std::ssize(values) != placement.original_height() * placement.original_width())
    throw std::invalid_argument(format("Placement: {} of {} pixels with a placement for {} x {} (height x width)", what,
                                       values.size(), placement.original_height(), placement.original_width()));
  return looked_up(values, sources, outside);
}

Keypoint placed_keypoint(const Keypoint& keypoint, const Placement& placement) {
  const PointXy p = apply(placement.to_picture(), PointXy{keypoint.x, keypoint.y});
  const PointXy nearest = {std::clamp(p.x, 0.0, to_double(placement.width())),
                           std::clamp(p.y, 0.0, to_double(placement.height()))};
  const bool inside = std::abs(p.x - nearest.x) < kRoundingPx && std::abs(p.y - nearest.y) < kRoundingPx;
  if (!inside) return {p.x, p.y, Visibility::kUnlabelled};
  return {nearest.x, nearest.y, keypoint.visibility};
}

std::vector<Keypoint> placed_keypoints(const std::vector<Keypoint>& keypoints, const Placement& placement,
                                       std::span<const int64_t> mirrored) {
  if (!keypoints.empty() && placement.is_mirrored() && mirrored.size() != keypoints.size())
    throw std::invalid_argument(format("Placement: {} keypoints, {} mirrored ones", keypoints.size(), mirrored.size()));
  std::vector<Keypoint> out;
  for (size_t i = 0; i < keypoints.size(); ++i) {
    const size_t from = placement.is_mirrored() ? static_cast<size_t>(mirrored[i]) : i;
    out.push_back(placed_keypoint(keypoints.at(from), placement));
  }
  return out;
}

// Nothing when no part of the box is in the picture.
std::optional<Instance> placed_instance(const Instance& instance, const Placement& placement, const SourceMap& sources,
                                        std::span<const int64_t> mirrored) {
  const Box whole = apply(placement.to_picture(), instance.box);
  const Box box = clip(whole, to_double(placement.height()), to_double(placement.width()));
  if (!(box.x1 - box.x0 > kRoundingPx && box.y1 - box.y0 > kRoundingPx)) return std::nullopt;
  Instance out = instance;
  out.box = box;
  out.area *= std::abs(placement.to_picture().determinant()) * to_xywh(box).area() / to_xywh(whole).area();
  if (!instance.mask.counts.empty()) out.mask = placed_mask(instance.mask, placement, sources);
  out.keypoints = placed_keypoints(instance.keypoints, placement, mirrored);
  return out;
}

Panoptic placed_panoptic(const Panoptic& panoptic, const Placement& placement, const SourceMap& sources) {
  Panoptic out{placed_map("segments", panoptic.ids, placement, sources, uint32_t{0}), panoptic.segments};
  keep_visible(out);
  return out;
}

bool needs_sources(const Targets& targets) {
  const auto has_mask = [](const Instance& instance) { return !instance.mask.counts.empty(); };
  return !targets.semantic.empty() || !targets.depth.empty() || !targets.panoptic.ids.empty() ||
         std::any_of(targets.instances.begin(), targets.instances.end(), has_mask);
}

std::optional<std::string> other_side(const std::string& joint) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kSides = {{{"left", "right"}, {"right", "left"}}};
  for (const auto& [side, other] : kSides)
    if (joint == side || joint.starts_with(format("{}_", side))) return format("{}{}", other, joint.substr(side.size()));
  return std::nullopt;
}

}  // namespace

Placement::Placement(int64_t height, int64_t width)
    : original_height_(height), original_width_(width), height_(height), width_(width) {
  check_size("an original", height, width);
}

Placement& Placement::add(const Step& step, const Affine& map, int64_t height, int64_t width) {
  check_size("a picture", height, width);
  steps_.push_back(step);
  to_picture_ = then(to_picture_, map);
  height_ = height;
  width_ = width;
  return *this;
}

Placement& Placement::crop(const CropBox& box) {
  const bool inside = box.top >= 0 && box.left >= 0 && box.height <= height_ - box.top && box.width <= width_ - box.left;
  if (!inside)
    throw std::invalid_argument(format("Placement: a crop of {} x {} at row {}, column {} of a picture of {} x {}",
                                       box.height, box.width, box.top, box.left, height_, width_));
  return add({box, height_, width_}, Affine::translation(-to_double(box.left), -to_double(box.top)), box.height, box.width);
}

Placement& Placement::resize(int64_t height, int64_t width) {
  const Affine map = Affine::scaling(to_double(width) / to_double(width_), to_double(height) / to_double(height_));
  return add({Resize{height, width}, height_, width_}, map, height, width);
}

Placement& Placement::flip() { return add({Flip{}, height_, width_}, {-1, 0, to_double(width_), 0, 1, 0}, height_, width_); }

Placement& Placement::warp(const Affine& map, int64_t height, int64_t width) {
  return add({Warp{map.inverse(), height, width}, height_, width_}, map, height, width);
}

Image place_image(const Image& image, const Placement& placement, Filter filter) {
  check_original("an image", image.height, image.width, placement);
  if (placement.steps().empty()) return image;
  Image out;
  const Image* current = &image;
  for (const Placement::Step& step : placement.steps()) {
    out = std::visit([&](const auto& operation) { return placed(*current, operation, filter); }, step.operation);
    current = &out;
  }
  return out;
}

std::vector<int64_t> mirrored_joints(std::span<const std::string> joints) {
  std::vector<int64_t> mirrored(joints.size());
  std::iota(mirrored.begin(), mirrored.end(), int64_t{0});
  for (size_t i = 0; i < joints.size(); ++i) {
    const std::optional<std::string> other = other_side(joints[i]);
    if (!other) continue;
    const auto found = std::find(joints.begin(), joints.end(), *other);
    if (found != joints.end()) mirrored[i] = found - joints.begin();
  }
  return mirrored;
}

Targets place_targets(const Targets& targets, const Placement& placement, std::span<const int64_t> mirrored) {
  const SourceMap sources = needs_sources(targets) ? make_source_map(placement) : SourceMap{};
  Targets out;
  out.label = targets.label;
  for (const Instance& instance : targets.instances)
    if (auto part = placed_instance(instance, placement, sources, mirrored)) out.instances.push_back(std::move(*part));
  if (!targets.semantic.empty()) out.semantic = placed_map("labels", targets.semantic, placement, sources, kIgnoreLabel);
  if (!targets.panoptic.ids.empty()) out.panoptic = placed_panoptic(targets.panoptic, placement, sources);
  if (!targets.depth.empty()) out.depth = placed_map("depths", targets.depth, placement, sources, 0.0f);
  return out;
}

}  // namespace glid
