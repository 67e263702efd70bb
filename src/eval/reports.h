// From what a metric found to a report, whoever predicted.
#pragma once

#include <string>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/eval/report.h"
#include "glid/metrics/accuracy.h"
#include "glid/metrics/coco_ap.h"
#include "glid/metrics/depth_errors.h"
#include "glid/metrics/mean_iou.h"
#include "glid/metrics/panoptic_quality.h"

namespace glid {

// A unit: what one asks of AP first.
inline constexpr const char* kFractions = "fractions from 0 to 1 (percent: times 100)";

// Without the names of task and protocol.
Report report_of(const Accuracy& accuracy, const std::vector<Vocabulary::Class>& classes);
Report report_of(const ApReport& found, std::string rules);
Report report_of(const PanopticQuality& quality, PanopticProtocol protocol);
Report report_of(const MeanIou& metric, const std::vector<std::string>& class_names);
Report report_of(const DepthErrors& errors, std::string rules);

// With them.
template <class Settings>
Report named_report(Report report, const Settings& settings) {
  report.task = settings.kName;
  if constexpr (requires { settings.protocol; }) report.protocol = config::name_of(settings.protocol);
  return report;
}

}  // namespace glid
