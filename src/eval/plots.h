// Pictures of an evaluation, as PNG files of a folder that exists; the log names each.
#pragma once

#include <filesystem>
#include <string>

#include "glid/eval/report.h"
#include "glid/formats/image.h"
#include "glid/metrics/coco_ap.h"
#include "glid/metrics/mean_iou.h"

namespace glid {

void write_picture(const std::filesystem::path& file, const Image& image);

// precision_recall.png: mean over the classes with truths, a line a threshold; ap_by_area.png; ap_by_class.png.
void plot_precision_recall(const ApReport& report, const std::filesystem::path& folder);

// <name>_by_class.png: a bar for every class of the report.
void plot_classes(const Report& report, const std::string& name, const std::filesystem::path& folder);

// confusion.png: shares of every true class, named as in the report.
void plot_confusion(const ConfusionMatrix& confusion, const Report& report, const std::filesystem::path& folder);
void plot_confusion(const DetectionConfusion& confusion, const Report& report, const std::filesystem::path& folder);

}  // namespace glid
