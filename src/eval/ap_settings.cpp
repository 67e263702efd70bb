#include "ap_settings.h"

#include "glid/core/format.h"

namespace glid {
namespace {

// Names by place, as in pycocotools: all, small, medium, large; persons have no small. Further ones are counted on.
std::vector<AreaRange> named_ranges(const std::vector<std::array<double, 2>>& ranges, CocoKind kind) {
  static const std::vector<std::string> kObjects = {"all", "small", "medium", "large"},
                                        kPersons = {"all", "medium", "large"};
  const auto& names = kind == CocoKind::kKeypoint ? kPersons : kObjects;
  std::vector<AreaRange> named;
  for (size_t i = 0; i < ranges.size(); ++i)
    named.push_back({i < names.size() ? names[i] : format("range{}", i + 1), ranges[i][0], ranges[i][1]});
  return named;
}

ApParameters with_changes(const ApSettings& settings, CocoKind kind) {
  ApParameters parameters = ap_parameters(settings.protocol, kind);
  if (settings.max_dets) parameters.max_dets = *settings.max_dets;
  if (settings.iou_thresholds) parameters.iou_thresholds = *settings.iou_thresholds;
  if (settings.area_ranges) parameters.area_ranges = named_ranges(*settings.area_ranges, kind);
  return parameters;
}

}  // namespace

ApParameters ap_parameters(const BoxSettings& settings) { return with_changes(settings, CocoKind::kBox); }

ApParameters ap_parameters(const MaskSettings& settings) { return with_changes(settings, CocoKind::kMask); }

ApParameters ap_parameters(const KeypointSettings& settings) {
  ApParameters parameters = with_changes(settings, CocoKind::kKeypoint);
  if (settings.sigmas) parameters.keypoint_sigmas = *settings.sigmas;
  return parameters;
}

std::string rules_of(ApProtocol protocol, const ApParameters& parameters) {
  const bool changed = parameters != ap_parameters(protocol, parameters.kind);
  return std::string(config::meaning_of(protocol)) + (changed ? "; with settings of yours (eval.*)" : "");
}

}  // namespace glid
