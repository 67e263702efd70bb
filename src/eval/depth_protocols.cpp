#include "depth_protocols.h"

namespace glid {
namespace {

Variant variant(const DepthReport& report, DepthProtocol protocol, std::string_view metric) {
  for (const MetricValue& v : depth_values(report, protocol))
    if (v.name == metric) return {v.name, std::string(config::name_of(protocol)), v.value};
  return {std::string(metric), std::string(config::name_of(protocol)), std::nullopt};
}

}  // namespace

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
