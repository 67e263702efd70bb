#include "depth_protocols.h"

#include <array>
#include <span>
#include <string_view>

namespace glid {
namespace {

struct OtherRule {
  DepthProtocol protocol;
  std::string_view metric;
  std::optional<double> (*value)(const DepthReport&);
};

constexpr std::array<OtherRule, 3> kOtherRules = {{
    {DepthProtocol::kMmseg, "silog", [](const DepthReport& r) -> std::optional<double> { return r.mean->silog_mmseg; }},
    {DepthProtocol::kKitti, "sq_rel", [](const DepthReport& r) -> std::optional<double> { return r.mean->sq_rel_kitti; }},
    {DepthProtocol::kPooled, "rmse", [](const DepthReport& r) { return r.rmse_pooled; }},
}};

}  // namespace

NamedValues depth_metrics(const DepthReport& report, DepthProtocol protocol) {
  NamedValues values;
  for (const auto& [name, field, better] : std::span(kDepthErrorFields).first(kNumDepthValues)) {
    std::optional<double> value;
    if (report.mean) value = (*report.mean).*field;
    for (const OtherRule& d : kOtherRules)
      if (report.mean && d.protocol == protocol && d.metric == name) value = d.value(report);
    values.emplace_back(name, value);
  }
  return values;
}

std::vector<Variant> depth_variants(const DepthReport& report) {
  std::vector<Variant> variants;
  if (!report.mean) return variants;
  for (const OtherRule& d : kOtherRules) {
    for (const auto& [name, value] : depth_metrics(report, DepthProtocol::kNyu))
      if (name == d.metric) variants.push_back({name, std::string(config::name_of(DepthProtocol::kNyu)), value});
    variants.push_back({std::string(d.metric), std::string(config::name_of(d.protocol)), d.value(report)});
  }
  return variants;
}

}  // namespace glid
