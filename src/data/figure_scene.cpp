#include <algorithm>
#include <array>
#include <cmath>

#include "glid/data/scenes.h"
#include "scene_canvas.h"
#include "scene_kinds.h"

namespace glid::scene {
namespace {

// Parts of the figure's height, which is 1.
constexpr float kHeadRadius = 0.07f, kShoulderDrop = 0.19f, kHipDrop = 0.5f, kShoulderWidth = 0.11f, kHipWidth = 0.075f;
constexpr float kUpperArm = 0.17f, kForearm = 0.16f, kThigh = 0.25f, kShin = 0.24f, kLimbWidth = 0.032f;
constexpr float kTilt = kPi / 12;

enum Joint {
  kHead,
  kLeftShoulder,
  kRightShoulder,
  kLeftElbow,
  kRightElbow,
  kLeftWrist,
  kRightWrist,  // as kFigureJoints
  kLeftHip,
  kRightHip,
  kLeftKnee,
  kRightKnee,
  kLeftAnkle,
  kRightAnkle
};
using Joints = std::array<Vec2, kFigureJoints.size()>;

struct Limb {
  Joint from, to;
};
// Left and right in turn.
constexpr std::array<Limb, 8> kLimbs = {{{kLeftShoulder, kLeftElbow},
                                         {kRightShoulder, kRightElbow},
                                         {kLeftElbow, kLeftWrist},
                                         {kRightElbow, kRightWrist},
                                         {kLeftHip, kLeftKnee},
                                         {kRightHip, kRightKnee},
                                         {kLeftKnee, kLeftAnkle},
                                         {kRightKnee, kRightAnkle}}};

float radians(float degrees) { return degrees * kPi / 180; }

// `angle` from straight down, outward on the side +1 or -1.
Vec2 moved(Vec2 p, float angle, float side, float length) {
  return {p.x + side * length * std::sin(angle), p.y + length * std::cos(angle)};
}

// Seen from the front, so that the figure's left is at the viewer's right; the middle of the hips at (0, 0), y down.
Joints draw_pose(Rng& rng) {
  Joints joints{};
  joints[kHead] = {0, kHeadRadius - kHipDrop};
  for (const int right : {0, 1}) {
    const float side = right == 0 ? 1.0f : -1.0f;
    const float arm = radians(uniform(rng, 0, 150)), elbow = radians(uniform(rng, -100, 60));
    const float thigh = radians(uniform(rng, -8, 50)), knee = radians(uniform(rng, -20, 60));
    const auto at = [&](int left_joint) -> Vec2& { return joints[static_cast<size_t>(left_joint + right)]; };
    at(kLeftShoulder) = {side * kShoulderWidth, kShoulderDrop - kHipDrop};
    at(kLeftElbow) = moved(at(kLeftShoulder), arm, side, kUpperArm);
    at(kLeftWrist) = moved(at(kLeftElbow), arm + elbow, side, kForearm);
    at(kLeftHip) = {side * kHipWidth, 0};
    at(kLeftKnee) = moved(at(kLeftHip), thigh, side, kThigh);
    at(kLeftAnkle) = moved(at(kLeftKnee), thigh - knee, side, kShin);
  }
  return joints;
}

// Into the picture: height .62 to .9 of it, the middle shifted by 9 % at most.
void place(Joints& joints, Rng& rng, float size_px) {
  const float height = uniform(rng, 0.62f, 0.9f) * size_px;
  const Vec2 axis = direction(uniform(rng, -kTilt, kTilt));
  const Vec2 centre = {(0.5f + uniform(rng, -0.09f, 0.09f)) * size_px, (0.5f + uniform(rng, -0.09f, 0.09f)) * size_px};
  for (Vec2& joint : joints) {
    const Vec2 p = rotated({joint.x * height, joint.y * height}, axis);
    joint = {p.x + centre.x, p.y + centre.y};
  }
}

// Paints pixels whose signed distance (negative inside) from a part of the figure is below half a pixel.
template <class Distance>
void paint_part(Canvas& canvas, const Colour& colour, Distance distance) {
  for (int64_t y = 0; y < canvas.size; ++y) {
    for (int64_t x = 0; x < canvas.size; ++x) {
      const float d = distance(Vec2{static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f});
      const float coverage = std::clamp(0.5f - d, 0.0f, 1.0f);
      if (coverage <= 0) continue;
      const size_t i = canvas.index(x, y);
      canvas.colours[i] = mix(canvas.colours[i], colour, coverage);
      if (d > 0) continue;
      canvas.owners[i] = 0;
      canvas.depths[i] = kFarthestObject / 2;
    }
  }
}

float segment_distance(Vec2 p, Vec2 a, Vec2 b) {
  const Vec2 ab = {b.x - a.x, b.y - a.y}, ap = {p.x - a.x, p.y - a.y};
  const float t = std::clamp((ap.x * ab.x + ap.y * ab.y) / (ab.x * ab.x + ab.y * ab.y), 0.0f, 1.0f);
  return std::hypot(ap.x - t * ab.x, ap.y - t * ab.y);
}

// The convex quadrilateral whose corners turn clockwise on the screen: the largest distance from its four lines.
float quad_distance(Vec2 p, const std::array<Vec2, 4>& corners) {
  float distance = -1e9f;
  for (size_t i = 0; i < 4; ++i) {
    const Vec2 a = corners[i], b = corners[(i + 1) % 4];
    const Vec2 edge = {b.x - a.x, b.y - a.y};
    distance = std::max(distance, ((p.x - a.x) * edge.y - (p.y - a.y) * edge.x) / std::hypot(edge.x, edge.y));
  }
  return distance;
}

std::array<Colour, kLimbs.size()> draw_limb_colours(Rng& rng, bool told_sides) {
  std::array<Colour, kLimbs.size()> colours;
  for (size_t i = 0; i < colours.size(); ++i) {
    const float hue = 45.0f * static_cast<float>(i) + uniform(rng, -8, 8);
    const Colour own = from_hsv(hue, uniform(rng, 0.7f, 1.0f), uniform(rng, 0.6f, 0.95f));
    colours[i] = told_sides || i % 2 == 0 ? own : colours[i - 1];
  }
  return colours;
}

void paint_figure(const Joints& joints, const std::array<Colour, kLimbs.size()>& colours, Rng& rng, Canvas& canvas) {
  const Vec2 neck = {(joints[kLeftShoulder].x + joints[kRightShoulder].x) / 2,
                     (joints[kLeftShoulder].y + joints[kRightShoulder].y) / 2};
  const float height = std::hypot(joints[kHead].x - neck.x, joints[kHead].y - neck.y) / (kShoulderDrop - kHeadRadius);
  const float white = uniform(rng, 0.85f, 1.0f), skin = uniform(rng, 0.55f, 0.95f);
  for (size_t i = 0; i < kLimbs.size(); ++i)
    paint_part(canvas, colours[i], [&](Vec2 p) {
      return segment_distance(p, joints[kLimbs[i].from], joints[kLimbs[i].to]) - kLimbWidth * height;
    });
  const std::array<Vec2, 4> torso = {joints[kRightShoulder], joints[kLeftShoulder], joints[kLeftHip], joints[kRightHip]};
  paint_part(canvas, {white, white, 0.97f * white}, [&](Vec2 p) { return quad_distance(p, torso); });
  paint_part(canvas, {skin, 0.78f * skin, 0.65f * skin},
             [&](Vec2 p) { return std::hypot(p.x - joints[kHead].x, p.y - joints[kHead].y) - kHeadRadius * height; });
}

// One colour with noise at three scales, before which grey bars stand.
Canvas draw_background(Rng& rng, int64_t size_px) {
  const Colour base = from_hsv(uniform(rng, 0, 360), uniform(rng, 0.1f, 0.5f), uniform(rng, 0.3f, 0.8f));
  const std::array<Noise, 3> noise = {Noise(rng), Noise(rng), Noise(rng)};
  Canvas canvas(size_px);
  for (int64_t y = 0; y < size_px; ++y) {
    for (int64_t x = 0; x < size_px; ++x) {
      const Vec2 p = canvas.place(x, y);
      float brightness = 0.7f;
      for (size_t i = 0; i < noise.size(); ++i) {
        const float scale = 2.5f * static_cast<float>(1 << (2 * i));
        brightness += 0.2f * noise[i].at({scale * p.x, scale * p.y});
      }
      canvas.colours[canvas.index(x, y)] = scaled(base, brightness);
      canvas.depths[canvas.index(x, y)] = kNearestBackground + 2 * (1 - p.y);
    }
  }
  for (int64_t bars = below(rng, 4); bars > 0; --bars) {
    const auto size = static_cast<float>(size_px);
    const Vec2 from = {uniform(rng, 0, size), 0}, to = {uniform(rng, 0, size), size};
    const float grey = uniform(rng, 0.2f, 0.9f), width = uniform(rng, 0.01f, 0.03f) * size;
    for (size_t i = 0; i < canvas.colours.size(); ++i) {
      const Vec2 p = {static_cast<float>(static_cast<int64_t>(i) % size_px) + 0.5f,
                      static_cast<float>(static_cast<int64_t>(i) / size_px) + 0.5f};
      if (segment_distance(p, from, to) < width) canvas.colours[i] = {grey, grey, grey};
    }
  }
  return canvas;
}

}  // namespace

Drawn draw_figure(Rng& rng, int64_t size_px, bool told_sides) {
  Canvas canvas = draw_background(rng, size_px);
  Joints joints = draw_pose(rng);
  place(joints, rng, static_cast<float>(size_px));
  paint_figure(joints, draw_limb_colours(rng, told_sides), rng, canvas);
  Targets targets{.label = 0};
  Instance figure = visible_part(canvas, 0, 0);
  figure.id = 1;
  for (const Vec2 joint : joints) figure.keypoints.push_back(keypoint_at(joint, 0, canvas));
  targets.instances.push_back(std::move(figure));
  describe_pixels(canvas, {0}, targets);
  return {to_image(canvas), std::move(targets)};
}

}  // namespace glid::scene
