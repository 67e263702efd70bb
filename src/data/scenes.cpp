#include "glid/data/scenes.h"

#include <algorithm>
#include <string>
#include <vector>

#include "glid/core/format.h"
#include "glid/core/rng.h"
#include "glid/data/inspection.h"
#include "sample_files.h"
#include "scene_kinds.h"

namespace glid {
namespace {

constexpr int64_t kFirstValidationScene = int64_t{1} << 40;

// Raise a kind's when its scenes change: part of the fingerprint.
int generator_version(SceneKind) { return 1; }

template <class Names>
std::vector<std::string> strings(const Names& names) {
  return {names.begin(), names.end()};
}

// The background before the classes of objects, as labels and as segments; all but it are things.
void add_pixel_classes(Vocabulary& vocabulary) {
  std::vector<std::string> names{"background"};
  for (const Vocabulary::Class& object : vocabulary.objects) names.push_back(object.name);
  vocabulary.labels = vocabulary.segments = numbered_classes(names);
  vocabulary.is_thing.assign(names.size(), true);
  vocabulary.is_thing[0] = false;
  vocabulary.has_masks = vocabulary.has_depth = true;
}

// Of images from 0, as folders of classes have them; of objects from 1, as COCO's files do.
void add_classes(Vocabulary& vocabulary, const std::vector<std::string>& names) {
  vocabulary.images = vocabulary.objects = numbered_classes(names);
  for (Vocabulary::Class& object : vocabulary.objects) ++object.id;
}

Vocabulary object_vocabulary() {
  Vocabulary vocabulary;
  add_classes(vocabulary, strings(kSceneClasses));
  add_pixel_classes(vocabulary);
  vocabulary.joints = strings(kSceneJoints);
  for (int64_t joint = 1; joint < kSceneKeypoints; ++joint) vocabulary.limbs.push_back({0, joint});
  return vocabulary;
}

Vocabulary figure_vocabulary() {
  Vocabulary vocabulary;
  add_classes(vocabulary, {"figure"});
  add_pixel_classes(vocabulary);
  vocabulary.joints = strings(kFigureJoints);
  vocabulary.limbs = {{1, 3}, {2, 4}, {3, 5}, {4, 6}, {7, 9}, {8, 10}, {9, 11}, {10, 12}, {1, 2}, {7, 8}, {1, 7}, {2, 8}};
  return vocabulary;
}

}  // namespace

Sample draw_scene(uint64_t seed, int64_t id, int64_t size_px, SceneKind kind) {
  Rng rng(seed, static_cast<uint64_t>(kind), static_cast<uint64_t>(id), RandomOp::kScene);
  scene::Drawn drawn;
  switch (kind) {
    case SceneKind::kPlain: drawn = scene::draw_plain(rng, size_px); break;
    case SceneKind::kClasses: drawn = scene::draw_classes(rng, size_px); break;
    case SceneKind::kFigures: drawn = scene::draw_figure(rng, size_px, /*told_sides=*/true); break;
    case SceneKind::kMirrorFigures: drawn = scene::draw_figure(rng, size_px, /*told_sides=*/false); break;
  }
  return {id, format("scene_{:06}", id), std::move(drawn.image), std::move(drawn.targets)};
}

Scenes::Scenes(const Config& config, Split split)
    : seed_(config.seed),
      first_(split == Split::kTrain ? 0 : kFirstValidationScene),
      count_(split == Split::kTrain ? config.count : std::max<int64_t>(1, config.count / 10)),
      size_px_(config.size_px),
      kind_(config.kind) {}

Sample Scenes::get(int64_t id) const {
  Sample sample = draw_scene(seed_, first_ + id, size_px_, kind_);
  sample.id = id;
  sample.name = name(id);
  return sample;
}

std::string Scenes::name(int64_t id) const { return format("{}_{:06}", first_ == 0 ? "scene" : "val_scene", id); }

const Vocabulary& Scenes::vocabulary() const {
  static const Vocabulary kObjects = object_vocabulary(), kFigures = figure_vocabulary();
  return kind_ == SceneKind::kPlain || kind_ == SceneKind::kClasses ? kObjects : kFigures;
}

void Scenes::inspect(int64_t id, Inspection& inspection) const {
  const Sample sample = get(id);
  const SizePx size{size_px_, size_px_};
  inspection.count_image(size);
  inspection.count_label(*sample.targets.label);
  for (const Instance& instance : sample.targets.instances) inspection.count_object(instance.category);
  for (const SegmentInfo& segment : sample.targets.panoptic.segments) inspection.count_segment(segment.category);
  inspection.check_labels({size_px_, size_px_, sample.targets.semantic}, size, {std::ssize(vocabulary().labels)},
                          sample.name);
  inspection.check_depth(sample.targets.depth, size, size, sample.name);
}

Fingerprint Scenes::fingerprint() const {
  const std::string kind = kind_ == SceneKind::kPlain ? "" : format(" {}", config::name_of(kind_));
  return {.names = stable_hash(
              format("scenes {} {} {} {} {}{}", generator_version(kind_), seed_, first_, count_, size_px_, kind))};
}

}  // namespace glid
