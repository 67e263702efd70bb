// What is measured and by which rules: the block `eval` of runs. Files have a few settings more (eval/file_settings.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "glid/config/fields.h"
#include "glid/metrics/ap_parameters.h"
#include "glid/metrics/depth_errors.h"
#include "glid/metrics/mean_iou.h"
#include "glid/metrics/panoptic_quality.h"

namespace glid {

// A model's own loss.
struct LossSettings {
  static constexpr std::string_view kName = "loss";

  template <class V>
  void fields(V&) {}
};

struct AccuracySettings {
  static constexpr std::string_view kName = "accuracy";

  template <class V>
  void fields(V&) {}
};

// Average precision. A number that is absent leaves the protocol's own.
struct ApSettings {
  ApProtocol protocol = ApProtocol::kCoco;
  std::optional<std::vector<int64_t>> max_dets;
  std::optional<std::vector<double>> iou_thresholds;
  std::optional<std::vector<std::array<double, 2>>> area_ranges;

  template <class V>
  void fields(V& v) {
    v("protocol", protocol, "rules to count by");
    v("max_dets", max_dets, "detections kept of each image and category (COCO: [1, 10, 100], persons [20])",
      config::positive());
    v("iou_thresholds", iou_thresholds, "overlaps that match (COCO: 0.5 to 0.95 in steps of 0.05)", config::in_range(0, 1));
    v("area_ranges", area_ranges,
      "[low, high] in px^2, both ends inside, in the place of small, medium and large; AP is of all areas always",
      config::non_negative());
  }
};

struct BoxSettings : ApSettings {
  static constexpr std::string_view kName = "box";
};

struct MaskSettings : ApSettings {
  static constexpr std::string_view kName = "mask";
};

struct KeypointSettings : ApSettings {
  static constexpr std::string_view kName = "keypoint";
  std::optional<std::vector<double>> sigmas;

  template <class V>
  void fields(V& v) {
    ApSettings::fields(v);
    v("sigmas", sigmas, "one for each joint (COCO's 17 persons' joints unless given)", config::positive());
  }
};

struct PanopticSettings {
  static constexpr std::string_view kName = "panoptic";
  PanopticProtocol protocol = PanopticProtocol::kPanopticApi;

  template <class V>
  void fields(V& v) {
    v("protocol", protocol, "rules to count by");
  }
};

// Classes and what is ignored are the data's.
struct SemanticSettings {
  static constexpr std::string_view kName = "semantic";
  MeanIouProtocol protocol = MeanIouProtocol::kDetectron2;

  template <class V>
  void fields(V& v) {
    v("protocol", protocol, "rules to count by");
  }
};

// What is absent is the protocol's own.
struct DepthSettings {
  static constexpr std::string_view kName = "depth";
  DepthProtocol protocol = DepthProtocol::kNyu;
  std::optional<double> min_depth, max_depth;
  std::optional<DepthCrop> crop;
  bool median_scaling = false;

  template <class V>
  void fields(V& v) {
    v("protocol", protocol, "rules to count by, with limits and a crop of their own");
    v("min_depth", min_depth, "metres; shallower truth is left out (nyu: 0.001, kitti: no limit)", config::positive());
    v("max_depth", max_depth, "metres; deeper truth is left out (nyu: 10, kitti: no limit)", config::positive());
    v("crop", crop, "the part of the image that counts (nyu: eigen, kitti: none)");
    v("median_scaling", median_scaling, "scale each prediction to the truth's median, which is another protocol");
  }
};
DepthOptions depth_options(const DepthSettings& settings);

// Of a model of several tasks: semantic.mIoU, instance.AP, panoptic.PQ and so on.
struct MultitaskSettings {
  static constexpr std::string_view kName = "multitask";
  std::vector<std::string> tasks{"semantic", "instance", "panoptic"};
  SemanticSettings semantic;
  MaskSettings instance;
  PanopticSettings panoptic;

  template <class V>
  void fields(V& v) {
    v("tasks", tasks, "that are measured; models are compared by the first one's",
      config::one_of({"semantic", "instance", "panoptic"}));
    v("semantic", semantic, "as metric: semantic");
    v("instance", instance, "as metric: mask");
    v("panoptic", panoptic, "as metric: panoptic");
  }
};

// The closed list of a run's metrics.
using MetricSettings = std::variant<LossSettings, AccuracySettings, BoxSettings, MaskSettings, KeypointSettings,
                                    PanopticSettings, SemanticSettings, DepthSettings, MultitaskSettings>;

// A metric of several tasks as those of the tasks, with their names; any other alone, without one.
struct MetricPart {
  std::string task;
  MetricSettings settings;
};
std::vector<MetricPart> parts_of(const MetricSettings& settings);

}  // namespace glid
