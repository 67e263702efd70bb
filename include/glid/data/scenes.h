// Generated scenes: textured, shaded objects before a background, with exact boxes, masks, classes, depth and keypoints.
// Smooth light and low-frequency textures dominate: an image of which three quarters are hidden can be guessed in part.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "glid/config/fields.h"
#include "glid/data/dataset.h"

namespace glid {

enum class SceneKind { kPlain, kClasses, kFigures, kMirrorFigures };
constexpr auto enum_names(SceneKind) {
  return std::to_array<config::Named<SceneKind>>(
      {{SceneKind::kPlain, "plain", "two to five objects of any colour, texture and rotation: what pre-training needs"},
       {SceneKind::kClasses, "classes", "one to four objects, upright, whose class hue, shape and texture tell"},
       {SceneKind::kFigures, "figures",
        "a figure of 13 joints whose limbs have colours of their own: mirrored it is another"},
       {SceneKind::kMirrorFigures, "mirror_figures", "the same with one colour for left and right limbs"}});
}

// The classes of the objects, and of a scene: the one that covers most pixels (the nearer of two).
inline constexpr std::array kSceneClasses = {"cross", "diamond", "ellipse", "rectangle", "star", "triangle"};
// Centre, then one point on each half axis of the object (right, down, left, up before its rotation).
inline constexpr std::array kSceneJoints = {"centre", "right", "down", "left", "up"};
inline constexpr int kSceneKeypoints = kSceneJoints.size();
// Of figures, which look at the viewer: their left is at the picture's right.
inline constexpr std::array kFigureJoints = {"head",       "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
                                             "left_wrist", "right_wrist",   "left_hip",       "right_hip",  "left_knee",
                                             "right_knee", "left_ankle",    "right_ankle"};

// The scene named (kind, seed, id), size_px square: the same on every machine up to the rounding of sin and exp. Every
// instance has at least one visible pixel. In Targets::semantic, and as a segment, the background is 0 and the class c is
// c + 1; segments are numbered from 1, the background first. Depth is that of the nearest surface: the background is a
// tilted plane 6 to 10 m away, objects bulge towards the camera at 1 to 5 m and never cut each other, figures are flat.
Sample draw_scene(uint64_t seed, int64_t id, int64_t size_px, SceneKind kind = SceneKind::kPlain);

class Scenes : public AnnotatedDataset {
 public:
  struct Config {
    static constexpr std::string_view kName = "scenes";
    uint64_t seed = 0;
    int64_t count = 20000;
    int64_t size_px = 128;
    SceneKind kind = SceneKind::kPlain;

    template <class V>
    void fields(V& v) {
      v("kind", kind, "what they show");
      v("seed", seed, "of the scenes, whatever the run's seed");
      v("count", count, "scenes to train on; a tenth as many on top to validate on", config::positive());
      v("size", size_px, "side of a scene in pixels", config::at_least(32));
    }
  };

  // kTrain: scenes 0, 1, ... ; kVal: a tenth as many (at least one), from ids that no training set reaches.
  Scenes(const Config& config, Split split);

  int64_t size() const override { return count_; }
  Sample get(int64_t id) const override;
  std::string name(int64_t id) const override;
  Fingerprint fingerprint() const override;
  const Vocabulary& vocabulary() const override;
  void inspect(int64_t id, Inspection& inspection) const override;

 private:
  uint64_t seed_;
  int64_t first_, count_, size_px_;
  SceneKind kind_;
};

}  // namespace glid
