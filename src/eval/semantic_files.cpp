#include <algorithm>
#include <limits>

#include "accumulate.h"
#include "file_evaluators.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/ade20k.h"
#include "glid/formats/image_file.h"
#include "glid/formats/label_map.h"
#include "glid/formats/pairs.h"
#include "glid/metrics/mean_iou.h"
#include "glid/viz/heat_map.h"
#include "matched_files.h"
#include "plots.h"

namespace glid {
namespace {

void add_image(const MatchedFile& file, MeanIou& metric) {
  const LabelMap truth = read_label_png(file.annotation), predicted = read_label_png(file.result);
  require_same_size(file.result, predicted, truth);
  try {
    metric.add(file.stem, predicted.labels, truth.labels);
  } catch (const DataError& error) {
    throw DataError(file.annotation.string(), error.what());
  }
}

MeanIou evaluate(const EvalRequest& request, const MeanIouOptions& options) {
  const auto files = match_files(request.results, request.annotations, kPngExtensions);
  return accumulate(std::ssize(files), request.settings.threads, MeanIou(options),
                    [&](size_t i, MeanIou& part) { add_image(files[i], part); });
}

// ADE20K's names where there are as many classes, else numbers.
std::string class_name(size_t c, size_t num_classes) {
  return num_classes == kNumAdeClasses ? std::string(ade_classes()[c].name) : std::to_string(c);
}

ReportRow row_of(const SemanticClass& row, size_t c, size_t num_classes) {
  return {static_cast<int64_t>(c),
          class_name(c, num_classes),
          {{"IoU", row.iou},
           {"Acc", row.accuracy},
           {"truth_pixels", static_cast<double>(row.num_truth)},
           {"predicted_pixels", static_cast<double>(row.num_predicted)}}};
}

std::vector<std::string> notes_of(const MeanIouReport& found) {
  std::vector<std::string> notes;
  if (found.num_ignored_images > 0)
    notes.push_back(format("{} images without a pixel that counts", found.num_ignored_images));
  if (found.num_missed > 0) notes.push_back(format("{} pixels predicted as no class count as missed", found.num_missed));
  return notes;
}

std::vector<std::vector<int64_t>> rows_of(const ConfusionMatrix& confusion) {
  std::vector<std::vector<int64_t>> rows;
  for (int64_t c = 0; c < confusion.num_classes(); ++c) {
    const auto row = confusion.row(c);
    rows.emplace_back(row.begin(), row.end());
  }
  return rows;
}

// Shares of every true class's pixels.
void plot_confusion(const ConfusionMatrix& confusion, const std::filesystem::path& folder) {
  const int64_t size = confusion.num_classes();
  std::vector<double> shares;
  for (int64_t truth = 0; truth < size; ++truth) {
    const auto total = static_cast<double>(confusion.num_truth(truth));
    for (int64_t predicted = 0; predicted < size; ++predicted)
      shares.push_back(total > 0 ? static_cast<double>(confusion.at(truth, predicted)) / total
                                 : std::numeric_limits<double>::quiet_NaN());
  }
  write_png(folder / "confusion.png", draw_matrix(shares, size, "share of each true class's pixels"));
}

}  // namespace

Report evaluate_task(const SemanticFileSettings& settings, const EvalRequest& request) {
  const MeanIou metric = evaluate(request, settings);
  const MeanIouReport found = metric.report();
  Report report;
  report.rules = format("{}; {} classes, ignored label {}", config::meaning_of(settings.protocol), settings.num_classes,
                        settings.ignore_label);
  report.images = found.num_images;
  report.metrics = named_values(metric.values());
  for (size_t i = 0; i < found.by_protocol.size(); ++i)
    report.variants.push_back({"mIoU", std::string(enum_names(MeanIouProtocol{})[i].name), found.by_protocol[i]});
  for (size_t c = 0; c < found.classes.size(); ++c)
    report.per_class.push_back(row_of(found.classes[c], c, found.classes.size()));
  report.notes = notes_of(found);
  report.confusion = rows_of(metric.confusion());
  if (!request.plots.empty()) {
    plot_confusion(metric.confusion(), request.plots);
    plot_classes(report, "IoU", request.plots);
  }
  return report;
}

}  // namespace glid
