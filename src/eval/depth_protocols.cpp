#include "depth_protocols.h"

#include "glid/core/format.h"
#include "own_settings.h"

namespace glid {
namespace {

Variant variant(const DepthReport& report, DepthProtocol protocol, std::string_view metric) {
  for (const MetricValue& v : depth_values(report, protocol))
    if (v.name == metric) return {v.name, std::string(config::name_of(protocol)), v.value};
  return {std::string(metric), std::string(config::name_of(protocol)), std::nullopt};
}

std::string limits_of(const DepthOptions& options) {
  const std::string truth = format("{} m < truth", options.min_depth);
  return options.max_depth == kNoMaxDepth ? truth : format("{} < {} m", truth, options.max_depth);
}

}  // namespace

std::string rules_of(const DepthSettings& settings, const std::optional<double>& depth_scale) {
  const DepthOptions used = depth_options(settings), of_protocol = depth_options(settings.protocol);
  OwnSettings own;
  own.add("min_depth", settings.min_depth, of_protocol.min_depth);
  own.add("max_depth", settings.max_depth, of_protocol.max_depth);
  own.add("crop", settings.crop, of_protocol.crop);
  own.add("median_scaling", std::optional(settings.median_scaling), of_protocol.median_scaling);
  own.add("depth_scale", depth_scale, png_units_per_metre(settings.protocol));
  return format("{}; {}, crop {}{}{}", config::meaning_of(settings.protocol), limits_of(used), config::name_of(used.crop),
                used.median_scaling ? ", predictions scaled to the truth's median" : "", own.text());
}

std::vector<Variant> depth_variants(const DepthReport& report) {
  std::vector<Variant> variants;
  if (!report.mean) return variants;
  for (const auto& [protocol, metric] : kDepthDifferences) {
    variants.push_back(variant(report, DepthProtocol::kNyu, metric));
    variants.push_back(variant(report, protocol, metric));
  }
  return variants;
}

}  // namespace glid
