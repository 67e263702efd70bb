#include "ap_settings.h"

#include <algorithm>
#include <ranges>

#include "glid/core/format.h"
#include "own_settings.h"

namespace glid {
namespace {

using Limits = std::array<double, 2>;

Limits limits_of(const AreaRange& range) { return {range.min_px2, range.max_px2}; }

// COCO's end of all areas as everybody writes it.
std::string limit_text(double px2) { return px2 == AreaRange().max_px2 ? "1e10" : format("{}", px2); }

// All areas first, and those asked for.
std::vector<AreaRange> named_ranges(const std::vector<Limits>& asked, const AreaRange& all) {
  std::vector<AreaRange> ranges{all};
  for (const Limits& limits : asked)
    if (limits != limits_of(AreaRange()))
      ranges.push_back({format("{}-{}", limit_text(limits[0]), limit_text(limits[1])), limits[0], limits[1]});
  return ranges;
}

ApParameters with_changes(const ApSettings& settings, CocoKind kind) {
  ApParameters parameters = ap_parameters(settings.protocol, kind);
  if (settings.max_dets) parameters.max_dets = *settings.max_dets;
  if (settings.iou_thresholds) parameters.iou_thresholds = *settings.iou_thresholds;
  if (settings.area_ranges) parameters.area_ranges = named_ranges(*settings.area_ranges, parameters.area_ranges.front());
  return parameters;
}

std::string thresholds_of(const ApParameters& parameters) {
  if (parameters.iou_thresholds == ap_parameters(ApProtocol::kCoco, parameters.kind).iou_thresholds)
    return "0.5 to 0.95 in steps of 0.05";
  return glid::format("{}", fmt::join(parameters.iou_thresholds, ", "));
}

OwnSettings own_settings(const ApSettings& settings, const ApParameters& of_protocol) {
  std::vector<Limits> ranges(of_protocol.area_ranges.size());
  std::ranges::transform(of_protocol.area_ranges, ranges.begin(), limits_of);
  OwnSettings own;
  own.add("max_dets", settings.max_dets, of_protocol.max_dets);
  own.add("iou_thresholds", settings.iou_thresholds, of_protocol.iou_thresholds);
  own.add("area_ranges", settings.area_ranges, ranges);
  return own;
}

std::string rule_line(ApProtocol protocol, const ApParameters& used, const OwnSettings& own) {
  return format("{}; {} {}{}", config::meaning_of(protocol), used.kind == CocoKind::kKeypoint ? "OKS" : "IoU",
                thresholds_of(used), own.text());
}

template <class Settings>
std::string object_rules(const Settings& settings) {
  const ApParameters used = ap_parameters(settings);
  return rule_line(settings.protocol, used, own_settings(settings, ap_parameters(settings.protocol, used.kind)));
}

}  // namespace

ApParameters ap_parameters(const BoxSettings& settings) { return with_changes(settings, CocoKind::kBox); }

ApParameters ap_parameters(const MaskSettings& settings) { return with_changes(settings, CocoKind::kMask); }

ApParameters ap_parameters(const KeypointSettings& settings) {
  ApParameters parameters = with_changes(settings, CocoKind::kKeypoint);
  if (settings.sigmas) parameters.keypoint_sigmas = *settings.sigmas;
  return parameters;
}

std::string rules_of(const BoxSettings& settings) { return object_rules(settings); }

std::string rules_of(const MaskSettings& settings) { return object_rules(settings); }

std::string rules_of(const KeypointSettings& settings) {
  const ApParameters of_protocol = ap_parameters(settings.protocol, CocoKind::kKeypoint);
  OwnSettings own = own_settings(settings, of_protocol);
  own.add("sigmas", settings.sigmas, of_protocol.keypoint_sigmas);
  return rule_line(settings.protocol, ap_parameters(settings), own);
}

}  // namespace glid
