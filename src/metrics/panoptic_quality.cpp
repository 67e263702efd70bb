#include "glid/metrics/panoptic_quality.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "panoptic_matching.h"
#include "record_bytes.h"

namespace glid {
namespace {

struct NoteField {
  int64_t PanopticNotes::*count;
  const char* text;
};

constexpr std::array<NoteField, 6> kNoteFields = {{
    {&PanopticNotes::missing_predictions, "images without a prediction: their truths count as missed"},
    {&PanopticNotes::unlisted_truth_ids, "ids in the pixels of truths but not in their JSON: neither VOID nor segments"},
    {&PanopticNotes::unlisted_truth_pixels, "pixels of such ids"},
    {&PanopticNotes::truths_without_pixels, "truths without a pixel"},
    {&PanopticNotes::truths_of_other_area, "truths with another area in the JSON than in the PNG: the JSON's counts"},
    {&PanopticNotes::forgotten_crowds, "crowd segments followed by another of their class and image, which alone counts"},
}};

PanopticScores scores_of(const PanopticClass& c) {
  const double wrong = static_cast<double>(c.num_false_positives + c.num_false_negatives);
  const double num_true = static_cast<double>(c.num_true_positives);
  const double size = num_true + wrong / 2;
  if (size == 0) return {};
  return {.pq = c.iou_sum / size, .sq = num_true > 0 ? c.iou_sum / num_true : 0, .rq = num_true / size};
}

template <typename IsMember>
PanopticMeans means_of(const std::vector<PanopticClass>& classes, IsMember is_member) {
  double pq = 0, sq = 0, rq = 0;
  int64_t num_classes = 0;
  for (const PanopticClass& c : classes) {
    if (!is_member(c) || !c.scores.pq) continue;
    pq += *c.scores.pq;
    sq += *c.scores.sq;
    rq += *c.scores.rq;
    ++num_classes;
  }
  if (num_classes == 0) return {};
  const auto n = static_cast<double>(num_classes);
  return {{.pq = pq / n, .sq = sq / n, .rq = rq / n}, num_classes};
}

void put_record(ByteWriter& out, const PanopticImageRecord& record) {
  out.put_all(record.matches);
  out.put_all(record.false_negatives);
  out.put_all(record.false_positives);
  out.put(record.notes);
}

PanopticImageRecord get_record(ByteReader& in) {
  PanopticImageRecord record;
  record.matches = in.get_all<PanopticMatch>();
  record.false_negatives = in.get_all<int64_t>();
  record.false_positives = in.get_all<int64_t>();
  record.notes = in.get<PanopticNotes>();
  return record;
}

}  // namespace

PanopticNotes& PanopticNotes::operator+=(const PanopticNotes& other) {
  for (const NoteField& field : kNoteFields) this->*field.count += other.*field.count;
  return *this;
}

std::vector<std::string> PanopticNotes::lines() const {
  std::vector<std::string> lines;
  for (const NoteField& field : kNoteFields) {
    if (this->*field.count != 0) lines.push_back(format("{} {}", this->*field.count, field.text));
  }
  return lines;
}

PanopticQuality::PanopticQuality(std::vector<PanopticCategory> categories) : categories_(std::move(categories)) {
  for (const PanopticCategory& category : categories_) {
    const auto index = static_cast<int64_t>(category_index_.size());
    if (!category_index_.emplace(category.id, index).second) {
      throw DataError(format("panoptic category {}", category.id), "is listed twice");
    }
  }
}

void PanopticQuality::add(std::string_view image, const PanopticView& predicted, const PanopticView& truth) {
  images_.require_new(image);
  images_.add(image, match_panoptic({image, category_index_}, predicted, truth));
}

void PanopticQuality::add_missing(std::string_view image, std::span<const PanopticSegment> truth) {
  images_.require_new(image);
  images_.add(image, miss_panoptic({image, category_index_}, truth));
}

std::string PanopticQuality::header() const {
  std::string header = "panoptic quality of categories";
  for (const PanopticCategory& category : categories_) header += format(" {}", category.id);
  return header;
}

void PanopticQuality::merge(const PanopticQuality& other) {
  if (header() != other.header()) throw std::invalid_argument("PanopticQuality::merge: other categories");
  images_.merge(other.images_);
}

std::string PanopticQuality::to_bytes() const { return bytes_of_records(header(), images_, put_record); }

void PanopticQuality::merge_bytes(std::string_view bytes) {
  ByteReader in(bytes);
  images_.merge(records_of_bytes<PanopticImageRecord>(header(), in, get_record));
}

std::vector<MetricValue> PanopticQuality::values_of(Times times) const {
  const PanopticReport found = report(times);
  std::vector<MetricValue> values;
  const auto append = [&](const std::string& suffix, const PanopticScores& scores) {
    values.push_back({"PQ" + suffix, scores.pq});
    values.push_back({"SQ" + suffix, scores.sq});
    values.push_back({"RQ" + suffix, scores.rq});
  };
  append("", found.all.scores);
  append("_th", found.things.scores);
  append("_st", found.stuff.scores);
  return values;
}

PanopticReport PanopticQuality::report(Times times) const {
  PanopticReport report;
  for (const PanopticCategory& category : categories_) report.classes.push_back({.category = category});
  const auto class_at = [&](int64_t index) -> PanopticClass& { return report.classes.at(static_cast<size_t>(index)); };
  images_.for_each(times, [&](const PanopticImageRecord& record, int32_t count) {
    for (const PanopticMatch& match : record.matches) {
      class_at(match.category).num_true_positives += count;
      class_at(match.category).iou_sum += count * match.iou;
    }
    for (int64_t index : record.false_negatives) class_at(index).num_false_negatives += count;
    for (int64_t index : record.false_positives) class_at(index).num_false_positives += count;
    report.notes += record.notes;
    report.num_images += count;
  });
  for (PanopticClass& c : report.classes) c.scores = scores_of(c);
  report.all = means_of(report.classes, [](const PanopticClass&) { return true; });
  report.things = means_of(report.classes, [](const PanopticClass& c) { return c.category.is_thing; });
  report.stuff = means_of(report.classes, [](const PanopticClass& c) { return !c.category.is_thing; });
  return report;
}

}  // namespace glid
