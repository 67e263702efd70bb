#include "glid/data/coco.h"

#include <algorithm>
#include <map>

#include "coco_folders.h"
#include "coco_instances.h"
#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

Vocabulary vocabulary_of(const CocoIndex& index) {
  Vocabulary vocabulary;
  for (const CocoCategory& category : index.categories()) {
    vocabulary.objects.push_back({category.id, std::string(index.text(category.name))});
    if (!vocabulary.joints.empty()) continue;
    for (const std::string_view joint : index.joint_names(category)) vocabulary.joints.emplace_back(joint);
    for (const CocoLimb& limb : index.skeleton(category)) vocabulary.limbs.push_back({limb.from - 1, limb.to - 1});
  }
  return vocabulary;
}

}  // namespace

Coco::Coco(const fs::path& root, Split split, CocoFile which, const CocoUse& use)
    : Coco(root, split, which, CocoIndex::open(coco_annotations(root, split, which), use)) {}

Coco::Coco(const fs::path& root, Split split, CocoFile which, CocoIndex index)
    : which_(which), index_(std::move(index)), images_(coco_images(root, split)), vocabulary_(vocabulary_of(index_)) {
  warn_of_repeated_names(index_.where(), vocabulary_.objects);
  vocabulary_.has_masks = std::ranges::any_of(index_.annotations(), &CocoAnnotation::has_mask);
  for (const std::string& line : index_.notes().losses()) log_rank_zero_warning("{}: {}", index_.where(), line);
  if (size() == 0) throw DataError(index_.where(), "lists no images");
}

bool Coco::has(const fs::path& root, Split split, CocoFile which) { return has_coco_annotations(root, split, which); }

fs::path Coco::file(int64_t id) const { return images_ / index_.text(index_.images()[static_cast<size_t>(id)].file_name); }

std::string Coco::name(int64_t id) const { return file(id).string(); }

Sample Coco::get(int64_t id) const {
  const CocoImage& image = index_.images()[static_cast<size_t>(id)];
  return {id, name(id), read_image_of_size(file(id), {image.height, image.width}), targets(id)};
}

Targets Coco::targets(int64_t id) const {
  Targets targets;
  for (const uint32_t number : index_.annotations_of(static_cast<size_t>(id)))
    targets.instances.push_back(coco_instance(index_, number));
  return targets;
}

Fingerprint Coco::fingerprint() const {
  Fingerprint print;
  add_file(print, index_.where(), fs::path(index_.where()).parent_path());
  for (int64_t id = 0; id < size(); ++id) add_file(print, file(id), images_);
  return print;
}

void Coco::inspect(int64_t id, Inspection& inspection) const {
  const CocoImage& image = index_.images()[static_cast<size_t>(id)];
  const SizePx size = inspection.check_image(file(id), {image.height, image.width});
  const auto numbers = index_.annotations_of(static_cast<size_t>(id));
  if (numbers.empty()) inspection.add(Defect::kNoAnnotations, name(id));
  for (const uint32_t number : numbers) {
    inspection.count_object(index_.annotations()[number].category);
    check_coco_annotation(index_, number, image.height > 0 ? SizePx{image.height, image.width} : size, vocabulary_.has_masks,
                          inspection);
  }
}

void Coco::inspect_list(Inspection& inspection) const {
  const CocoNotes& notes = index_.notes();
  const auto note = [&](Defect defect, int64_t count) {
    if (count > 0) inspection.add(defect, index_.where(), std::to_string(count));
  };
  note(Defect::kAnnotationIdZero, notes.annotations_of_id_zero);
  note(Defect::kRepeatedAnnotationId, notes.repeated_annotation_ids);
  note(Defect::kNoArea, notes.areas_missing);
  for (const std::string& line : notes.losses()) inspection.add_reason(Defect::kLeftOut, index_.where(), line);
  if (!vocabulary_.has_masks && !index_.annotations().empty())
    inspection.add_reason(Defect::kNoMask, index_.where(),
                          format("{}, none with a mask", counted(index_.annotations().size(), "object")));
  if (which_ == CocoFile::kPersonKeypoints) check_joints(index_, inspection);
  add_repeated_names(index_.where(), vocabulary_.objects, inspection);
  std::map<std::string_view, size_t> first_of;
  for (size_t i = 0; i < index_.images().size(); ++i) {
    const auto [first, is_new] = first_of.emplace(index_.text(index_.images()[i].file_name), i);
    if (!is_new)
      inspection.add(Defect::kRepeatedFile, file(static_cast<int64_t>(i)).string(),
                     format("ids {} and {}", to_string(index_.image_id(first->second)), to_string(index_.image_id(i))));
  }
}

}  // namespace glid
