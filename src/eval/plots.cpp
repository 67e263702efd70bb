#include "plots.h"

#include <functional>
#include <limits>
#include <numeric>

#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/formats/image_file.h"
#include "glid/viz/bar_chart.h"
#include "glid/viz/curve.h"
#include "glid/viz/matrix_chart.h"

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

// Mean over the classes with truths.
double mean_ap(const ApResult& result, size_t threshold) {
  const size_t range = result.parameters.range_of_all(), limit = result.parameters.max_dets.size() - 1;
  double sum = 0;
  int64_t count = 0;
  for (int64_t category = 0; category < result.num_categories; ++category) {
    const double ap = result.average_precision[result.cell(static_cast<size_t>(category), range, limit) + threshold];
    if (ap < 0) continue;
    sum += ap;
    ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

std::vector<std::string> class_names(const Report& report) {
  std::vector<std::string> names;
  for (const ReportRow& row : report.per_class) names.push_back(row.name);
  return names;
}

// Each row divided by its sum; NaN where that is 0.
std::vector<double> shares_of_rows(size_t num_rows, size_t num_columns,
                                   const std::function<int64_t(int64_t, int64_t)>& count) {
  std::vector<double> shares;
  for (size_t r = 0; r < num_rows; ++r) {
    std::vector<double> row;
    for (size_t c = 0; c < num_columns; ++c)
      row.push_back(static_cast<double>(count(static_cast<int64_t>(r), static_cast<int64_t>(c))));
    const double total = std::accumulate(row.begin(), row.end(), 0.0);
    for (const double value : row) shares.push_back(total > 0 ? value / total : std::numeric_limits<double>::quiet_NaN());
  }
  return shares;
}

}  // namespace

void write_picture(const std::filesystem::path& file, const Image& image) {
  write_png(file, image);
  log_info("wrote {}", file.string());
}

void plot_precision_recall(const ApReport& report, const std::filesystem::path& folder) {
  const ApParameters& parameters = report.result.parameters;
  Chart chart{.title = "Precision over recall, mean over classes",
              .x_label = "recall (0 to 1)",
              .y_label = "precision (0 to 1)",
              .x_range = AxisRange{0, 1},
              .y_range = AxisRange{0, 1.02}};
  const char* overlap = parameters.kind == CocoKind::kKeypoint ? "OKS" : "IoU";
  for (size_t t = 0; t < parameters.iou_thresholds.size(); ++t)
    chart.series.push_back({format("{} {:.3g}: AP {:.3f}", overlap, parameters.iou_thresholds[t], mean_ap(report.result, t)),
                            parameters.recall_points, mean_precision(report.result, t)});
  write_picture(folder / "precision_recall.png", draw_chart(chart));
  write_picture(folder / "ap_by_area.png",
                draw_bars({"AP by area of the objects in px^2", "area", "AP (0 to 1)", area_bars(report)}));
  if (!report.per_class.empty())
    write_picture(folder / "ap_by_class.png", draw_bars({"AP by class", "class", "AP (0 to 1)", bars_of(report.per_class)}));
}

void plot_classes(const Report& report, const std::string& name, const std::filesystem::path& folder) {
  std::vector<Bar> bars;
  for (const ReportRow& row : report.per_class)
    for (const auto& [key, value] : row.values)
      if (key == name) bars.push_back({row.name, value});
  write_picture(folder / (name + "_by_class.png"), draw_bars({name + " by class", "class", name + " (0 to 1)", bars}));
}

void plot_confusion(const ConfusionMatrix& confusion, const Report& report, const std::filesystem::path& folder) {
  MatrixChart chart{.title = "What each class's pixels are taken for",
                    .row_label = "true class",
                    .column_label = "predicted class",
                    .value_label = "share of the true class's pixels (0 to 1)",
                    .rows = class_names(report),
                    .columns = class_names(report)};
  if (confusion.num_missed() > 0) chart.columns.push_back("no class");
  chart.values = shares_of_rows(chart.rows.size(), chart.columns.size(),
                                [&](int64_t truth, int64_t predicted) { return confusion.at(truth, predicted); });
  write_picture(folder / "confusion.png", draw_matrix(chart));
}

void plot_confusion(const DetectionConfusion& confusion, const Report& report, const std::filesystem::path& folder) {
  const auto& [score, similarity] = confusion.thresholds();
  MatrixChart chart{.title = format("What each class's objects are taken for (score > {}, IoU > {})", score, similarity),
                    .row_label = "true class (background: detections of nothing)",
                    .column_label = "predicted class (background: missed)",
                    .value_label = "share of the row (0 to 1)",
                    .rows = class_names(report)};
  chart.rows.push_back("background");
  chart.columns = chart.rows;
  chart.values = shares_of_rows(chart.rows.size(), chart.columns.size(),
                                [&](int64_t truth, int64_t predicted) { return confusion.at(truth, predicted); });
  write_picture(folder / "confusion.png", draw_matrix(chart));
}

}  // namespace glid
