#include "plots.h"

#include <limits>

#include "glid/core/format.h"
#include "glid/formats/image_file.h"
#include "glid/viz/bar_chart.h"
#include "glid/viz/curve.h"

namespace glid {
namespace {

// Precision at every recall point and the threshold, the mean over the classes with truths; NaN where there are none.
std::vector<double> mean_precision(const ApResult& result, size_t threshold) {
  const size_t num_points = result.parameters.recall_points.size(), limit = result.parameters.max_dets.size() - 1;
  const size_t range = result.parameters.range_of_all();
  std::vector<double> mean(num_points);
  int64_t count = 0;
  for (int64_t category = 0; category < result.num_categories; ++category) {
    const double* curve =
        &result.precision[(result.cell(static_cast<size_t>(category), range, limit) + threshold) * num_points];
    if (curve[0] < 0) continue;
    ++count;
    for (size_t i = 0; i < num_points; ++i) mean[i] += curve[i];
  }
  for (double& value : mean)
    value = count > 0 ? value / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
  return mean;
}

// AP of all areas, then that of every range; those of AR and of single thresholds are left out.
std::vector<Bar> area_bars(const ApReport& report) {
  std::vector<Bar> bars;
  for (const std::string& name : area_names("AP", report.result.parameters))
    for (const MetricValue& number : report.numbers)
      if (number.name == name) bars.push_back({name, number.value});
  return bars;
}

std::vector<Bar> bars_of(const std::vector<ApClass>& classes) {
  std::vector<Bar> bars;
  for (const ApClass& row : classes) bars.push_back({row.name, row.numbers.front().value});
  return bars;
}

}  // namespace

void plot_precision_recall(const ApReport& report, const std::filesystem::path& folder) {
  const ApParameters& parameters = report.result.parameters;
  Chart chart{.title = "Precision over recall, mean over classes", .x_label = "recall"};
  for (size_t t = 0; t < parameters.iou_thresholds.size(); ++t)
    chart.series.push_back(
        {format("at {:.3g}", parameters.iou_thresholds[t]), parameters.recall_points, mean_precision(report.result, t)});
  write_png(folder / "precision_recall.png", draw_chart(chart));
  write_png(folder / "ap_by_area.png", draw_bars("AP by area of the objects in px^2", area_bars(report), 1));
  if (!report.per_class.empty())
    write_png(folder / "ap_by_class.png", draw_bars("AP by class", bars_of(report.per_class), 1));
}

void plot_classes(const Report& report, const std::string& name, const std::filesystem::path& folder) {
  std::vector<Bar> bars;
  for (const ReportRow& row : report.per_class)
    for (const auto& [key, value] : row.values)
      if (key == name) bars.push_back({row.name, value});
  write_png(folder / (name + "_by_class.png"), draw_bars(name + " by class", bars, 1));
}

}  // namespace glid
