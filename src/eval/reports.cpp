#include "reports.h"

#include <algorithm>

#include "depth_protocols.h"
#include "glid/core/counted.h"
#include "glid/core/format.h"
#include "own_settings.h"

namespace glid {
namespace {

ReportRow row_of(const ApClass& row) {
  NamedValues values = named_values(row.numbers);
  values.emplace_back("truths", static_cast<double>(row.num_truths));
  values.emplace_back("detections", static_cast<double>(row.num_detections));
  return {row.id, row.name, std::move(values), 2};
}

ReportRow row_of(const PanopticClass& row) {
  return {row.category.id,
          row.category.name,
          {{"PQ", row.scores.pq},
           {"SQ", row.scores.sq},
           {"RQ", row.scores.rq},
           {"TP", static_cast<double>(row.num_true_positives)},
           {"FP", static_cast<double>(row.num_false_positives)},
           {"FN", static_cast<double>(row.num_false_negatives)}},
          3};
}

ReportRow row_of(const SemanticClass& row, int64_t c, const std::string& name) {
  return {c,
          name,
          {{"IoU", row.iou},
           {"Acc", row.accuracy},
           {"truth_pixels", static_cast<double>(row.num_truth)},
           {"predicted_pixels", static_cast<double>(row.num_predicted)}},
          2};
}

ReportRow row_of(const Accuracy::OfClass& found, const Vocabulary::Class& c) {
  const auto share = [&](int64_t right) -> std::optional<double> {
    if (found.num_images == 0) return std::nullopt;
    return static_cast<double>(right) / static_cast<double>(found.num_images);
  };
  return {c.id,
          c.name,
          {{"top1", share(found.num_first)},
           {"top5", share(found.num_among_five)},
           {"images", static_cast<double>(found.num_images)}},
          1};
}

bool has_no_class_but_0(const MeanIouReport& found) {
  return std::ranges::all_of(found.classes.begin() + 1, found.classes.end(),
                             [](const SemanticClass& c) { return c.num_truth == 0; });
}

std::vector<std::string> notes_of(const MeanIouReport& found, const MeanIouOptions& options) {
  std::vector<std::string> notes;
  if (found.num_ignored > 0 && found.num_kept > 0 && options.ignore_label == 255 && !options.reduce_zero_label &&
      options.num_classes > 1 && has_no_class_but_0(found))
    notes.push_back("the annotations are all 0 or 255, and 255 is ignored: if it is a class, number it 1");
  else if (found.num_ignored > found.num_kept)
    notes.push_back(format("{} of {} annotated pixels are ignored (eval.ignore_label, eval.reduce_zero_label)",
                           found.num_ignored, found.num_ignored + found.num_kept));
  if (found.num_ignored_images > 0)
    notes.push_back(counted(found.num_ignored_images, "image") + " without a pixel that counts");
  if (found.num_missed > 0)
    notes.push_back(format("counted as missed: {} predicted as no class", counted(found.num_missed, "pixel")));
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

std::vector<ReportRow> image_rows(const DepthErrors& errors) {
  std::vector<ReportRow> rows;
  for (const auto& [name, record] : errors.images()) {
    ReportRow row{std::ssize(rows), name, {}};
    for (const auto& [key, field, better] : kDepthErrorFields)
      row.values.emplace_back(key, record.num_valid > 0 ? std::optional(record.values.*field) : std::nullopt);
    row.values.emplace_back("pixels", static_cast<double>(record.num_valid));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string rules_of(const MeanIouOptions& options) {
  const MeanIouOptions usual;
  OwnSettings own;
  own.add("reduce_zero_label", std::optional(options.reduce_zero_label), usual.reduce_zero_label);
  own.add("results_offset", std::optional(options.results_offset), usual.results_offset);
  return format("{}; {}, ignored label {}{}", config::meaning_of(options.protocol),
                counted(options.num_classes, "class", "classes"), options.ignore_label, own.text());
}

}  // namespace

Report report_of(const ApReport& found, std::string rules) {
  Report report;
  report.unit = kFractions;
  report.rules = std::move(rules);
  report.images = found.num_images;
  report.metrics = named_values(found.numbers);
  for (const ApClass& row : found.per_class) report.per_class.push_back(row_of(row));
  if (!found.per_class.empty())
    report.means_over["AP"] =
        std::ranges::count_if(found.per_class, [](const ApClass& row) { return row.numbers.front().value.has_value(); });
  report.notes = found.notes;
  return report;
}

Report report_of(const Accuracy& accuracy, const std::vector<Vocabulary::Class>& classes) {
  Report report;
  report.unit = kFractions;
  report.rules = "one image, one class; equal scores rank by class";
  report.images = std::ssize(accuracy.images());
  report.metrics = named_values(accuracy.values());
  std::vector<Accuracy::OfClass> found = accuracy.classes();
  found.resize(classes.size());
  for (size_t c = 0; c < classes.size(); ++c) report.per_class.push_back(row_of(found[c], classes[c]));
  return report;
}

Report report_of(const PanopticQuality& quality, PanopticProtocol protocol) {
  const PanopticReport found = quality.report();
  Report report;
  report.unit = kFractions;
  report.rules = config::meaning_of(protocol);
  report.images = found.num_images;
  report.metrics = named_values(quality.values());
  for (const PanopticClass& row : found.classes) report.per_class.push_back(row_of(row));
  for (const auto& [suffix, means] : {std::pair{"", found.all}, {"_th", found.things}, {"_st", found.stuff}})
    for (const char* number : {"PQ", "SQ", "RQ"}) report.means_over[std::string(number) + suffix] = means.num_classes;
  report.notes = found.notes.lines();
  return report;
}

Report report_of(const MeanIou& metric, const std::vector<std::string>& class_names) {
  const MeanIouReport found = metric.report();
  Report report;
  report.unit = kFractions;
  report.rules = rules_of(metric.options());
  report.images = found.num_images;
  report.metrics = named_values(metric.values());
  for (size_t i = 0; i < found.by_protocol.size(); ++i)
    report.variants.push_back({"mIoU", std::string(enum_names(MeanIouProtocol{})[i].name), found.by_protocol[i]});
  for (size_t c = 0; c < found.classes.size(); ++c)
    report.per_class.push_back(row_of(found.classes[c], static_cast<int64_t>(c), class_names.at(c)));
  report.notes = notes_of(found, metric.options());
  report.confusion = rows_of(metric.confusion());
  return report;
}

Report report_of(const DepthErrors& errors, std::string rules) {
  const DepthReport found = errors.report();
  Report report;
  report.unit = "rmse and sq_rel in metres, iRMSE in 1/km, silog a hundredfold; d1 to d3 are fractions from 0 to 1";
  report.rules = std::move(rules);
  report.images = found.num_images;
  report.metrics = named_values(depth_values(found, errors.options().protocol));
  report.variants = depth_variants(found);
  report.per_image = image_rows(errors);
  report.notes = found.notes.lines(errors.options());
  if (found.num_skipped > 0)
    report.notes.push_back(format("skipped: {} without a valid pixel", counted(found.num_skipped, "image")));
  return report;
}

}  // namespace glid
