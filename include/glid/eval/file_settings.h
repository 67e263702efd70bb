// Metrics of files, by the rules of a run's (metric_settings.h) with what only files have to say (no LibTorch).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "glid/metrics/metric_settings.h"

namespace glid {

struct PanopticFileSettings : PanopticSettings {
  bool missing_as_empty = false;

  template <class V>
  void fields(V& v) {
    PanopticSettings::fields(v);
    v("missing_as_empty", missing_as_empty, "an image without a prediction counts as one without segments");
  }
};

struct SemanticFileSettings : MeanIouOptions {
  static constexpr std::string_view kName = SemanticSettings::kName;
};

struct DepthFileSettings : DepthSettings {
  std::optional<double> depth_scale;  // absent: the protocol's

  template <class V>
  void fields(V& v) {
    DepthSettings::fields(v);
    v("depth_scale", depth_scale, "units of a PNG in a metre (1000, kitti: 256)", config::positive());
  }
};

// The closed list of what files can be measured by.
using FileMetricSettings =
    std::variant<BoxSettings, MaskSettings, KeypointSettings, PanopticFileSettings, SemanticFileSettings, DepthFileSettings>;

}  // namespace glid
