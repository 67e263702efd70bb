#include "glid/data/person_crop.h"

#include <algorithm>
#include <optional>

#include "glid/formats/coco_json.h"

namespace glid {
namespace {

constexpr double kPadding = 1.25, kHalfBodyPadding = 1.5;
constexpr int64_t kJointsOfHalves = 8;  // with more of them labelled half the body may be looked at
constexpr double kJitterPart = 0.3, kRotatedPart = 0.6;

PersonCrop extended(const PersonCrop& crop, double aspect, double padding) {
  return {crop.cx, crop.cy, std::max(crop.width, crop.height * aspect) * padding,
          std::max(crop.height, crop.width / aspect) * padding};
}

PersonCrop around(const Box& box) {
  return {(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, box.x1 - box.x0, box.y1 - box.y0};
}

// Around points in indices of pixels; their mean is the centre.
PersonCrop around(const std::vector<PointXy>& points) {
  Box box{points[0].x, points[0].y, points[0].x, points[0].y};
  PersonCrop crop;
  for (const PointXy& p : points) {
    box = {std::min(box.x0, p.x), std::min(box.y0, p.y), std::max(box.x1, p.x), std::max(box.y1, p.y)};
    crop.cx += p.x / static_cast<double>(points.size());
    crop.cy += p.y / static_cast<double>(points.size());
  }
  crop.width = box.x1 - box.x0;
  crop.height = box.y1 - box.y0;
  return crop;
}

// Nothing where neither half has joints that span a box.
std::optional<PersonCrop> half_body(const PersonView& person, double aspect, bool prefers_upper) {
  std::vector<PointXy> upper, lower;
  for (size_t i = 0; i < person.joints.size(); ++i) {
    const Keypoint& joint = person.joints[i];
    if (joint.visibility == Visibility::kUnlabelled) continue;
    (person.is_lower[i] ? lower : upper).push_back({joint.x - kCocoJointOffset, joint.y - kCocoJointOffset});
  }
  if (std::ssize(upper) + std::ssize(lower) <= kJointsOfHalves) return std::nullopt;
  const bool takes_lower = !(prefers_upper && upper.size() > 2) && lower.size() > 2;
  const std::vector<PointXy>& chosen = takes_lower ? lower : upper;
  if (chosen.size() < 2) return std::nullopt;
  const PersonCrop crop = extended(around(chosen), aspect, kHalfBodyPadding);
  return crop.width > 0 ? std::optional(crop) : std::nullopt;
}

}  // namespace

PersonCrop crop_around(const Box& box, double aspect) { return extended(around(box), aspect, kPadding); }

Affine warp_of(const PersonCrop& crop, int64_t height, int64_t width) {
  const double x_scale = static_cast<double>(width - 1) / crop.width,
               y_scale = static_cast<double>(height - 1) / crop.height;
  const Affine mirror{-1, 0, static_cast<double>(width), 0, 1, 0};
  const Affine to_indices = Affine::translation(-kCocoJointOffset, -kCocoJointOffset);
  const Affine turn = Affine::rotation(crop.degrees, {crop.cx, crop.cy});
  const Affine cut{x_scale, 0, x_scale * (crop.width / 2 - crop.cx), 0, y_scale, y_scale * (crop.height / 2 - crop.cy)};
  const Affine warp = then(then(then(to_indices, turn), cut), to_indices.inverse());
  return crop.is_mirrored ? then(warp, mirror) : warp;
}

Placement placed_crop(const PersonCrop& crop, const Image& image, int64_t height, int64_t width) {
  return Placement(image.height, image.width).warp(warp_of(crop, height, width), height, width);
}

std::vector<bool> lower_joints(std::span<const std::string> joints) {
  std::vector<bool> is_lower;
  for (const std::string& joint : joints)
    is_lower.push_back(std::ranges::any_of(std::to_array<std::string_view>({"hip", "knee", "ankle", "foot", "toe", "heel"}),
                                           [&](std::string_view part) { return joint.find(part) != std::string::npos; }));
  return is_lower;
}

PersonCrop training_crop(const PersonView& person, double aspect, const CropAugmentation& augmentation, Rng& rng) {
  PersonCrop crop = crop_around(person.box, aspect);
  const bool is_moved = rng.uniform() < kJitterPart;
  const double x = rng.uniform(-augmentation.jitter, augmentation.jitter);
  const double y = rng.uniform(-augmentation.jitter, augmentation.jitter);
  if (is_moved) {
    crop.cx += x * (person.box.x1 - person.box.x0);
    crop.cy += y * (person.box.y1 - person.box.y0);
  }
  const bool is_mirrored = rng.uniform() < 0.5 && augmentation.flip;
  const bool is_half = rng.uniform() < augmentation.half_body, prefers_upper = rng.normal() < 0.5;
  if (is_half) crop = half_body(person, aspect, prefers_upper).value_or(crop);
  const double scale = std::clamp(1 + augmentation.scale * rng.normal(), 1 - augmentation.scale, 1 + augmentation.scale);
  crop.width *= scale;
  crop.height *= scale;
  const double turn = std::clamp(rng.normal(), -2.0, 2.0) * augmentation.rotation;
  crop.degrees = rng.uniform() < kRotatedPart ? turn : 0;
  crop.is_mirrored = is_mirrored;
  return crop;
}

}  // namespace glid
