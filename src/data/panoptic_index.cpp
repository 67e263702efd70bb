#include "panoptic_index.h"

#include <algorithm>
#include <set>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "sample_files.h"
#include "segments.h"

namespace glid {

namespace fs = std::filesystem;

PanopticIndex::PanopticIndex(PanopticJson json)
    : json_(std::move(json)), folder_(fs::path(json_.where).replace_extension()) {
  if (!fs::is_directory(folder_))
    throw DataError(folder_.string(), "is not a folder", {}, format("it should hold the PNGs of {}", json_.where));
  for (const std::string& line : json_.notes.lines()) log_rank_zero_warning("{}: {}", json_.where, line);
  for (size_t i = 0; i < json_.annotations.size(); ++i) by_image_.emplace(json_.annotations[i].image_id, i);
}

std::optional<size_t> PanopticIndex::find(const ImageId& image) const {
  const auto found = by_image_.find(image);
  return found == by_image_.end() ? std::nullopt : std::optional(found->second);
}

void PanopticIndex::describe(Vocabulary& vocabulary) const {
  for (const PanopticCategory& category : json_.categories) {
    vocabulary.segments.push_back({category.id, category.name});
    vocabulary.is_thing.push_back(category.is_thing);
  }
}

int64_t PanopticIndex::category_index(int64_t id) const {
  return std::ranges::lower_bound(json_.categories, id, {}, &PanopticCategory::id) - json_.categories.begin();
}

Panoptic PanopticIndex::described(size_t annotation, IdMap map) const {
  Panoptic panoptic{std::move(map.ids), {}};
  std::set<uint32_t> listed = {0};
  for (const PanopticSegment& segment : json_.annotations[annotation].segments) {
    panoptic.segments.push_back({static_cast<uint32_t>(segment.id), category_index(segment.category_id), segment.is_crowd});
    listed.insert(static_cast<uint32_t>(segment.id));
  }
  for (const uint32_t id : std::set<uint32_t>(panoptic.ids.begin(), panoptic.ids.end()))
    if (!listed.contains(id))
      throw DataError(png(annotation).string(), format("has a segment that {} doesn't list", json_.where),
                      format("id {}", id));
  keep_visible(panoptic);
  return panoptic;
}

Panoptic PanopticIndex::read(size_t annotation, const Image& image) const {
  IdMap map = read_panoptic_png(png(annotation));
  require_size(png(annotation), {map.height, map.width}, image);
  return described(annotation, std::move(map));
}

void PanopticIndex::inspect(size_t annotation, const SizePx& image, Inspection& inspection) const {
  const fs::path file = png(annotation);
  try {
    IdMap map = read_panoptic_png(file);
    const SizePx size{map.height, map.width};
    if (image.is_known() && size != image)
      inspection.add(Defect::kAnnotationSize, file.string(), format("{} instead of {}", to_string(size), to_string(image)));
    for (const SegmentInfo& segment : described(annotation, std::move(map)).segments)
      inspection.count_segment(segment.category);
  } catch (const DataError& error) {
    inspection.add_reason(Defect::kUnreadableAnnotation, file.string(), error.what());
  }
}

}  // namespace glid
