// A few scenes with segments, and predictions of them.
#pragma once

#include "glid/data/prediction.h"
#include "glid/data/scenes.h"

namespace glid {

class SegmentedScenes : public AnnotatedDataset {
 public:
  static constexpr int64_t kSizePx = 64;

  SegmentedScenes() : vocabulary_(scenes_.vocabulary()) {
    vocabulary_.segments = vocabulary_.labels;
    vocabulary_.is_thing.clear();
    for (size_t i = 0; i < vocabulary_.segments.size(); ++i) {
      vocabulary_.segments[i].id = 20 - static_cast<int64_t>(i);
      vocabulary_.is_thing.push_back(i > 0);
    }
  }

  int64_t size() const override { return scenes_.size(); }
  Sample get(int64_t id) const override {
    Sample sample = scenes_.get(id);
    sample.targets = targets(id);
    return sample;
  }
  // One segment an object, one for the background.
  Targets targets(int64_t id) const override {
    Targets targets = scenes_.get(id).targets;
    targets.panoptic.ids.assign(targets.semantic.size(), 1);
    targets.panoptic.segments = {{.id = 1, .category = 0}};
    for (const Instance& instance : targets.instances) {
      const auto segment = static_cast<uint32_t>(targets.panoptic.segments.size()) + 1;
      targets.panoptic.segments.push_back({segment, instance.category + 1});
      const std::vector<uint8_t> mask = mask_from_rle(instance.mask);
      for (size_t i = 0; i < mask.size(); ++i)
        if (mask[i] != 0) targets.panoptic.ids[i] = segment;
    }
    return targets;
  }
  std::string name(int64_t id) const override { return scenes_.name(id); }
  Fingerprint fingerprint() const override { return scenes_.fingerprint(); }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void inspect(int64_t, Inspection&) const override {}

 private:
  Scenes scenes_ = Scenes(Scenes::Config{.seed = 3, .count = 60, .size_px = kSizePx}, Split::kVal);

 protected:
  Vocabulary vocabulary_;
};

// What is there.
inline Prediction ideal_prediction(const Targets& truth) {
  Prediction p{.height = SegmentedScenes::kSizePx,
               .width = SegmentedScenes::kSizePx,
               .semantic = truth.semantic,
               .panoptic = truth.panoptic};
  for (const Instance& instance : truth.instances)
    p.detections.push_back({.category = instance.category, .score = 0.5, .box = instance.box, .mask = instance.mask});
  p.depth.assign(truth.depth.begin(), truth.depth.end());
  return p;
}

}  // namespace glid
