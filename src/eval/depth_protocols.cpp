#include "depth_protocols.h"

#include <array>

namespace glid {
namespace {

constexpr std::array<DepthProtocol, 4> kProtocols = {{
    {"nyu", "AdaBins' evaluate.py in double: means over images; silog = 100 sqrt(mean e^2 - (mean e)^2), sq_rel by g"},
    {"mmseg", "nyu with mmsegmentation's silog = sqrt(mean e^2 - (mean e)^2 / 2)"},
    {"kitti", "nyu with sq_rel by g^2, as KITTI's development kit"},
    {"pooled", "nyu with rmse over the pixels of all images"},
}};

struct Difference {
  std::string_view protocol, metric;
  std::optional<double> (*value)(const DepthReport&);
};

constexpr std::array<Difference, 3> kDifferences = {{
    {"mmseg", "silog", [](const DepthReport& r) -> std::optional<double> { return r.mean->silog_mmseg; }},
    {"kitti", "sq_rel", [](const DepthReport& r) -> std::optional<double> { return r.mean->sq_rel_kitti; }},
    {"pooled", "rmse", [](const DepthReport& r) { return r.rmse_pooled; }},
}};

}  // namespace

std::span<const DepthProtocol> depth_protocols() { return kProtocols; }

NamedValues depth_metrics(const DepthReport& report, std::string_view protocol) {
  NamedValues values;
  for (const auto& [name, field, better] : std::span(kDepthErrorFields).first(kNumDepthValues)) {
    std::optional<double> value;
    if (report.mean) value = (*report.mean).*field;
    for (const Difference& d : kDifferences)
      if (report.mean && d.protocol == protocol && d.metric == name) value = d.value(report);
    values.emplace_back(name, value);
  }
  return values;
}

std::vector<Variant> depth_variants(const DepthReport& report) {
  std::vector<Variant> variants;
  if (!report.mean) return variants;
  for (const Difference& d : kDifferences) {
    for (const auto& [name, value] : depth_metrics(report, kProtocols[0].name))
      if (name == d.metric) variants.push_back({name, std::string(kProtocols[0].name), value});
    variants.push_back({std::string(d.metric), std::string(d.protocol), d.value(report)});
  }
  return variants;
}

}  // namespace glid
