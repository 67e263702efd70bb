// Pictures of an evaluation, as PNG files of a folder that exists.
#pragma once

#include <filesystem>

#include "glid/eval/report.h"
#include "glid/metrics/coco_ap.h"

namespace glid {

// precision_recall.png: mean over the classes with truths, a line a threshold; ap_by_area.png; ap_by_class.png.
void plot_precision_recall(const ApReport& report, const std::filesystem::path& folder);

// <name>_by_class.png: a bar for every class of the report.
void plot_classes(const Report& report, const std::string& name, const std::filesystem::path& folder);

}  // namespace glid
