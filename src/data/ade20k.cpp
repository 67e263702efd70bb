#include "glid/data/ade20k.h"

#include <algorithm>
#include <numeric>

#include "coco_instances.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/data/inspection.h"
#include "panoptic_index.h"
#include "sample_files.h"
#include "segments.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr LabelCoding kOriginal{.num_classes = kNumAdeClasses, .reduce_zero = true};
constexpr LabelCoding kShifted{.num_classes = kNumAdeClasses, .ignore = kAdeIgnore};

AdeSplit ade_split(Split split) { return split == Split::kTrain ? AdeSplit::kTraining : AdeSplit::kValidation; }

bool has_rasters(const AdeListing& listing) {
  return std::ranges::any_of(listing.frames, [](const AdeFrame& frame) { return !frame.instances.empty(); });
}

std::optional<CocoIndex> open_prepared(const fs::path& root, const AdeListing& listing, Split split) {
  const fs::path file = root / format("ade20k_instance_{}.json", split_name(split));
  if (has_rasters(listing) || !fs::exists(file)) return std::nullopt;
  CocoIndex index = CocoIndex::open(file);
  if (!index.images().empty() && !std::holds_alternative<std::string>(index.image_id(0)))
    throw DataError(file.string(), "names its images by numbers", {}, "their ids are names as \"ADE_val_00000001\"");
  return index;
}

std::unique_ptr<const PanopticIndex> open_prepared_segments(const fs::path& root, const AdeListing& listing, Split split) {
  const fs::path file = root / format("ade20k_panoptic_{}.json", split_name(split));
  if (has_rasters(listing) || !fs::exists(file)) return nullptr;
  return std::make_unique<PanopticIndex>(read_panoptic_json(file, PanopticRole::kTraining));
}

// The place of each category of the file among the things.
std::vector<int64_t> thing_categories(const CocoIndex& index) {
  std::vector<int64_t> places;
  const auto things = ade_thing_classes();
  for (const CocoCategory& category : index.categories()) {
    const auto thing = std::find(things.begin(), things.end(), category.id);
    if (thing == things.end())
      throw DataError(index.where(), "has a category that is none of the 100 things", std::to_string(category.id));
    places.push_back(thing - things.begin());
  }
  return places;
}

Vocabulary make_vocabulary() {
  Vocabulary vocabulary;
  const auto class_at = [](int64_t id) {
    return Vocabulary::Class{id, std::string(ade_classes()[static_cast<size_t>(id)].name)};
  };
  for (int64_t id = 0; id < kNumAdeClasses; ++id) vocabulary.labels.push_back(class_at(id));
  for (const uint8_t id : ade_thing_classes()) vocabulary.objects.push_back(class_at(id));
  return vocabulary;
}

// As in the files that Mask2Former makes of the rasters.
void add_segment_classes(Vocabulary& vocabulary) {
  vocabulary.segments = vocabulary.labels;
  for (const AdeClass& ade : ade_classes()) vocabulary.is_thing.push_back(ade.is_thing);
}

SizePx size_of(const IdMap& map) { return {map.height, map.width}; }

Instance to_instance(AdeInstance raw) {
  Instance instance{.id = raw.number, .category = raw.category, .box = to_corners(rle_box(raw.mask))};
  instance.area = static_cast<double>(rle_area(raw.mask));
  instance.mask = std::move(raw.mask);
  return instance;
}

Panoptic to_panoptic(AdePanoptic raw) {
  Panoptic panoptic{std::move(raw.map.ids), {}};
  for (const AdeSegment& segment : raw.segments) panoptic.segments.push_back({segment.id, segment.category});
  keep_visible(panoptic);
  return panoptic;
}

// Runs `check`; a DataError becomes a finding.
template <typename Check>
void find_errors(Inspection& inspection, const fs::path& file, Check check) {
  try {
    check();
  } catch (const DataError& error) {
    inspection.add_reason(Defect::kUnreadableAnnotation, file.string(), error.what());
  }
}

}  // namespace

Ade20k::Ade20k(const Config& config, Split split)
    : root_(config.root),
      listing_(list_ade20k(root_, ade_split(split))),
      prepared_(open_prepared(root_, listing_, split)),
      prepared_segments_(open_prepared_segments(root_, listing_, split)),
      vocabulary_(make_vocabulary()) {
  if (prepared_) categories_ = thing_categories(*prepared_);
  if (prepared_segments_) prepared_segments_->describe(vocabulary_);
  else if (has_rasters(listing_)) add_segment_classes(vocabulary_);
  vocabulary_.has_masks = prepared_ || has_rasters(listing_);
  listing_.other_images.warn(root_ / "images");
}

Ade20k::~Ade20k() = default;

bool Ade20k::has(const Config& config, Split split) {
  return fs::is_directory(fs::path(config.root) / "images" / (split == Split::kTrain ? "training" : "validation"));
}

Sample Ade20k::get(int64_t id) const {
  const AdeFrame& frame = this->frame(id);
  Sample sample{id, name(id), read_image_of_size(frame.image, {}), {}};
  if (!frame.semantic.empty()) {
    LabelMap map = read_ade_semantic(frame.semantic, listing_.semantic);
    require_size(frame.semantic, {map.height, map.width}, sample.image);
    sample.targets.semantic = std::move(map.labels);
  }
  read_instances(frame, sample);
  read_segments(frame, sample);
  return sample;
}

void Ade20k::read_segments(const AdeFrame& frame, Sample& sample) const {
  if (!frame.instances.empty() && !frame.semantic.empty()) {
    const LabelMap labels{sample.image.height, sample.image.width, sample.targets.semantic};
    sample.targets.panoptic =
        to_panoptic(ade_panoptic(labels, read_panoptic_png(frame.instances), frame.instances.string()));
  } else if (const auto found = prepared_segments_ ? prepared_segments_->find(frame.name) : std::nullopt) {
    sample.targets.panoptic = prepared_segments_->read(*found, sample.image);
  }
}

void Ade20k::read_instances(const AdeFrame& frame, Sample& sample) const {
  if (!frame.instances.empty()) {
    const IdMap raster = read_panoptic_png(frame.instances);
    require_size(frame.instances, size_of(raster), sample.image);
    for (AdeInstance& raw : ade_instances(raster, frame.instances.string()))
      sample.targets.instances.push_back(to_instance(std::move(raw)));
  } else if (const auto image = prepared_ ? prepared_->find_image(frame.name) : std::nullopt) {
    const CocoImage& record = prepared_->images()[*image];
    require_size(prepared_->where(), {record.height, record.width}, sample.image);
    for (const uint32_t number : prepared_->annotations_of(*image)) {
      Instance instance = coco_instance(*prepared_, number);
      instance.category = categories_[static_cast<size_t>(instance.category)];
      sample.targets.instances.push_back(std::move(instance));
    }
  }
}

Fingerprint Ade20k::fingerprint() const {
  Fingerprint print;
  if (prepared_) add_file(print, prepared_->where(), root_);
  if (prepared_segments_) {
    add_file(print, prepared_segments_->json().where, root_);
    for (size_t i = 0; i < prepared_segments_->json().annotations.size(); ++i)
      add_file(print, prepared_segments_->png(i), root_);
  }
  for (const AdeFrame& frame : listing_.frames)
    for (const fs::path* file : {&frame.image, &frame.semantic, &frame.instances})
      if (!file->empty()) add_file(print, *file, root_);
  return print;
}

void Ade20k::inspect(int64_t id, Inspection& inspection) const {
  const AdeFrame& frame = this->frame(id);
  const SizePx size = inspection.check_image(frame.image, {});
  if (frame.semantic.empty() && frame.instances.empty()) inspection.add(Defect::kNoAnnotations, name(id));
  if (!frame.semantic.empty()) {
    find_errors(inspection, frame.semantic, [&] {
      const auto& coding = listing_.semantic == AdeSemantic::kOriginal ? kOriginal : kShifted;
      inspection.check_labels(read_label_png(frame.semantic), size, coding, frame.semantic.string());
    });
  }
  check_instances(frame, size, inspection);
  check_segments(frame, size, inspection);
}

// What is wrong with the files of the authors is found before.
void Ade20k::check_segments(const AdeFrame& frame, const SizePx& image, Inspection& inspection) const {
  if (const auto found = prepared_segments_ ? prepared_segments_->find(frame.name) : std::nullopt)
    return prepared_segments_->inspect(*found, image, inspection);
  if (frame.instances.empty() || frame.semantic.empty()) return;
  try {
    const LabelMap labels = read_ade_semantic(frame.semantic, listing_.semantic);
    const IdMap raster = read_panoptic_png(frame.instances);
    for (const SegmentInfo& segment : to_panoptic(ade_panoptic(labels, raster, frame.instances.string())).segments)
      inspection.count_segment(segment.category);
  } catch (const DataError&) {}
}

void Ade20k::check_instances(const AdeFrame& frame, const SizePx& image, Inspection& inspection) const {
  if (!frame.instances.empty()) {
    find_errors(inspection, frame.instances, [&] {
      const IdMap raster = read_panoptic_png(frame.instances);
      if (image.is_known() && size_of(raster) != image)
        inspection.add(Defect::kAnnotationSize, frame.instances.string(),
                       format("{} instead of {}", to_string(size_of(raster)), to_string(image)));
      for (const AdeInstance& raw : ade_instances(raster, frame.instances.string())) inspection.count_object(raw.category);
    });
  } else if (const auto found = prepared_ ? prepared_->find_image(frame.name) : std::nullopt) {
    const CocoImage& record = prepared_->images()[*found];
    if (image.is_known() && record.height > 0 && SizePx{record.height, record.width} != image)
      inspection.add(Defect::kAnnotationSize, format("{}: image {}", prepared_->where(), frame.name),
                     format("{} instead of {}", to_string(SizePx{record.height, record.width}), to_string(image)));
    for (const uint32_t number : prepared_->annotations_of(*found)) {
      inspection.count_object(categories_[prepared_->annotations()[number].category]);
      check_coco_annotation(*prepared_, number, {record.height, record.width}, true, inspection);
    }
  }
}

void Ade20k::inspect_list(Inspection& inspection) const {
  const auto from_one = [](size_t count) {
    std::vector<int64_t> ids(count);
    std::iota(ids.begin(), ids.end(), int64_t{1});
    return ids;
  };
  if (listing_.semantic == AdeSemantic::kOriginal) inspection.number_labels(from_one(vocabulary_.labels.size()));
  if (has_rasters(listing_)) inspection.number_objects(from_one(vocabulary_.objects.size()));
  add_others(root_ / "images", listing_.other_images, inspection);
  for (const fs::path& label : listing_.without_image)
    inspection.add_reason(Defect::kMissingImage, label.string(), "a label without an image");
}

}  // namespace glid
