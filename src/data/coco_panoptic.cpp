#include "glid/data/coco_panoptic.h"

#include <algorithm>
#include <utility>

#include "coco_folders.h"
#include "glid/core/error.h"
#include "panoptic_index.h"
#include "sample_files.h"

namespace glid {

namespace fs = std::filesystem;

CocoPanoptic::CocoPanoptic(const Config& config, Split split)
    : CocoPanoptic(config, split,
                   read_panoptic_json(coco_annotations(config.root, split, CocoFile::kPanoptic), PanopticRole::kTraining)) {}

CocoPanoptic::CocoPanoptic(const Config& config, Split split, PanopticJson json)
    : index_(std::make_unique<PanopticIndex>(std::move(json))), images_(coco_images(config.root, split)) {
  for (const PanopticImage& image : index_->json().images)
    if (const auto annotation = index_->find(image.id))
      samples_.push_back({image.id, images_ / image.file_name, image.height, image.width, *annotation});
  std::ranges::sort(samples_, {}, &Entry::image);
  if (samples_.empty()) throw DataError(index_->json().where, "lists no images");
  index_->describe(vocabulary_);
  warn_of_repeated_names(index_->json().where, vocabulary_.segments);
}

CocoPanoptic::~CocoPanoptic() = default;

bool CocoPanoptic::has(const Config& config, Split split) {
  return has_coco_annotations(config.root, split, CocoFile::kPanoptic);
}

Sample CocoPanoptic::get(int64_t id) const {
  const Entry& entry = sample(id);
  Sample sample{id, name(id), read_image_of_size(entry.file, {entry.height, entry.width}), {}};
  sample.targets.panoptic = index_->read(entry.annotation, sample.image);
  return sample;
}

Fingerprint CocoPanoptic::fingerprint() const {
  const fs::path json = index_->json().where;
  Fingerprint print;
  add_file(print, json, json.parent_path());
  for (const Entry& entry : samples_) {
    add_file(print, entry.file, images_);
    add_file(print, index_->png(entry.annotation), json.parent_path());
  }
  return print;
}

void CocoPanoptic::inspect(int64_t id, Inspection& inspection) const {
  const Entry& entry = sample(id);
  const SizePx size = inspection.check_image(entry.file, {entry.height, entry.width});
  if (index_->json().annotations[entry.annotation].segments.empty()) inspection.add(Defect::kNoAnnotations, name(id));
  index_->inspect(entry.annotation, size, inspection);
}

void CocoPanoptic::inspect_list(Inspection& inspection) const {
  add_repeated_names(index_->json().where, vocabulary_.segments, inspection);
}

}  // namespace glid
