#include "box_notes.h"

#include <utility>

#include "glid/core/format.h"
#include "glid/geometry/box_units.h"

namespace glid {
namespace {

void add(const CocoIndex& truth, uint32_t image, const BoxXywh& box, BoxUnits& units) {
  units.add(box, truth.images()[image].height, truth.images()[image].width);
}

}  // namespace

std::vector<std::string> box_notes(const CocoIndex& truth, const CocoResults& results) {
  BoxUnits annotated, found;
  for (const CocoAnnotation& annotation : truth.annotations())
    if (annotation.has_box) add(truth, annotation.image, annotation.box, annotated);
  for (const CocoResult& result : results.results) add(truth, result.image, result.box, found);
  std::vector<std::string> notes;
  for (const auto& [whose, units] : {std::pair{"annotations", &annotated}, std::pair{"results", &found}})
    if (const std::string suspicion = units->suspicion(); !suspicion.empty())
      notes.push_back(format("{}: {}", whose, suspicion));
  return notes;
}

}  // namespace glid
