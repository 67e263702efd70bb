#include "glid/metrics/mean_iou.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "record_bytes.h"

namespace glid {
namespace {

constexpr int64_t kNumLabels = 65536;
constexpr int64_t kMaxClasses = 4096;

MeanIouOptions checked(const MeanIouOptions& options) {
  options.check();
  return options;
}

// Rows K and K + 1 of the matrix.
int64_t row_of_truth(const MeanIouOptions& options, int64_t label) {
  const int64_t ignored = options.num_classes, invalid = options.num_classes + 1;
  if (label == options.ignore_label || (options.reduce_zero_label && label == 0)) return ignored;
  const int64_t c = options.reduce_zero_label ? label - 1 : label;
  return c < options.num_classes ? c : invalid;
}

int64_t column_of_prediction(const MeanIouOptions& options, int64_t label) {
  const int64_t c = label + options.results_offset;
  return c >= 0 && c < options.num_classes ? c : options.num_classes;
}

std::optional<double> ratio(int64_t part, int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

// Of the values there are.
std::optional<double> mean_of(const std::vector<SemanticClass>& classes, std::optional<double> SemanticClass::*value) {
  double sum = 0;
  int64_t num_values = 0;
  for (const SemanticClass& c : classes) {
    sum += (c.*value).value_or(0);
    num_values += (c.*value).has_value();
  }
  if (num_values == 0) return std::nullopt;
  return sum / static_cast<double>(num_values);
}

// `pixels` of every class.
std::vector<SemanticClass> classes_of(const std::vector<SemanticImageClass>& pixels, MeanIouProtocol protocol) {
  std::vector<SemanticClass> classes;
  for (const SemanticImageClass& p : pixels) {
    SemanticClass c{p.num_truth, p.num_predicted, p.num_correct};
    c.iou = ratio(c.num_correct, c.num_truth + c.num_predicted - c.num_correct);
    if (protocol == MeanIouProtocol::kDetectron2 && c.num_truth == 0) c.iou.reset();
    if (protocol == MeanIouProtocol::kCsail && !c.iou) c.iou = 0;
    c.accuracy = ratio(c.num_correct, c.num_truth);
    classes.push_back(c);
  }
  return classes;
}

// What the classes add up to.
void set_means(MeanIouReport& report) {
  report.mean_iou = mean_of(report.classes, &SemanticClass::iou);
  report.mean_accuracy = mean_of(report.classes, &SemanticClass::accuracy);
  int64_t num_correct = 0;
  double weighted_iou = 0;
  for (const SemanticClass& c : report.classes) {
    report.num_kept += c.num_truth;
    num_correct += c.num_correct;
  }
  for (const SemanticClass& c : report.classes) {
    if (c.num_truth > 0) weighted_iou += *c.iou * *ratio(c.num_truth, report.num_kept);
  }
  report.pixel_accuracy = ratio(num_correct, report.num_kept);
  if (report.num_kept > 0) report.frequency_weighted_iou = weighted_iou;
}

constexpr size_t kBlock = 4;  // labels in a 64-bit word

uint64_t block_at(const uint16_t* labels) {
  uint64_t block;
  std::memcpy(&block, labels, sizeof block);
  return block;
}

uint64_t block_of(uint16_t label) { return label * 0x0001'0001'0001'0001u; }

}  // namespace

void MeanIouOptions::check() const {
  const auto require = [](bool holds, const char* setting, const std::string& what, int64_t value) {
    if (!holds) throw UsageError(std::string("eval.") + setting, what, format("{}", value));
  };
  require(num_classes >= 1 && num_classes <= kMaxClasses, "num_classes", format("must be from 1 to {}", kMaxClasses),
          num_classes);
  require(ignore_label >= -1 && ignore_label < kNumLabels, "ignore_label", "must be a label from 0 to 65535, or -1 for none",
          ignore_label);
  require(results_offset > -kNumLabels && results_offset < kNumLabels, "results_offset", "must be from -65535 to 65535",
          results_offset);
}

ConfusionMatrix::ConfusionMatrix(int64_t num_classes)
    : num_classes_(num_classes), counts_(static_cast<size_t>((num_classes + 2) * (num_classes + 1))) {}

std::span<const int64_t> ConfusionMatrix::row(int64_t truth) const {
  return std::span(counts_).subspan(static_cast<size_t>(truth) * stride(), stride());
}

int64_t ConfusionMatrix::num_truth(int64_t c) const {
  const auto counts = row(c);
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

int64_t ConfusionMatrix::num_predicted(int64_t c) const {
  int64_t sum = 0;
  for (int64_t truth = 0; truth < num_classes_; ++truth) sum += at(truth, c);
  return sum;
}

int64_t ConfusionMatrix::num_ignored() const { return num_truth(num_classes_); }

ConfusionMatrix& ConfusionMatrix::operator+=(const ConfusionMatrix& other) {
  if (num_classes_ != other.num_classes_) throw std::invalid_argument("ConfusionMatrix: other number of classes");
  std::ranges::transform(counts_, other.counts_, counts_.begin(), std::plus());
  return *this;
}

MeanIou::MeanIou(const MeanIouOptions& options)
    : options_(checked(options)),
      image_counts_(static_cast<size_t>((options.num_classes + 2) * (options.num_classes + 1))),
      confusion_(options.num_classes) {
  for (int64_t label = 0; label < kNumLabels; ++label) {
    row_begin_.push_back(static_cast<uint32_t>(row_of_truth(options, label) * (options.num_classes + 1)));
    column_.push_back(static_cast<uint32_t>(column_of_prediction(options, label)));
  }
}

void MeanIou::add(std::string_view image, std::span<const uint16_t> predicted, std::span<const uint16_t> truth) {
  const std::string where = format("image {}", image);
  images_.require_new(image);
  if (predicted.size() != truth.size()) {
    throw DataError(where, "has a prediction of another size than its truth",
                    format("{} and {} pixels", predicted.size(), truth.size()));
  }
  const std::vector<CellCount> cells = count(predicted, truth);
  const auto invalid_row = static_cast<uint32_t>(static_cast<size_t>(options_.num_classes + 1) * confusion_.stride());
  if (std::ranges::any_of(cells, [&](const CellCount& c) { return c.cell >= invalid_row; })) {
    const auto label = std::ranges::find_if(truth, [&](uint16_t t) { return row_begin_[t] == invalid_row; });
    throw DataError(where, format("has a truth label that is neither one of {} classes nor ignored", options_.num_classes),
                    format("{}", *label), "eval.num_classes, eval.ignore_label, eval.reduce_zero_label");
  }
  images_.add(image, record_of(cells));
  for (const auto& [cell, count] : cells) confusion_.counts_[cell] += count;
}

// Neighbours are mostly equal: blocks of the pair of labels seen last are counted together.
std::vector<MeanIou::CellCount> MeanIou::count(std::span<const uint16_t> predicted, std::span<const uint16_t> truth) {
  std::vector<uint32_t> touched(std::min(truth.size(), image_counts_.size()) + 1);
  uint32_t* next = touched.data();
  int64_t* counts = image_counts_.data();
  const auto add = [&, rows = row_begin_.data(), columns = column_.data()](size_t i, int64_t count) {
    const uint32_t cell = rows[truth[i]] + columns[predicted[i]];
    *next = cell;
    next += counts[cell] == 0;  // without a branch, which noise would mispredict
    counts[cell] += count;
  };
  size_t i = 0;
  while (i + kBlock <= truth.size()) {
    for (size_t k = 0; k < kBlock; ++k) add(i + k, 1);
    i += kBlock;
    const uint64_t truth_block = block_of(truth[i - 1]), predicted_block = block_of(predicted[i - 1]);
    const size_t begin = i;
    while (i + kBlock <= truth.size() && block_at(&truth[i]) == truth_block && block_at(&predicted[i]) == predicted_block) {
      i += kBlock;
    }
    add(begin - 1, static_cast<int64_t>(i - begin));
  }
  for (; i < truth.size(); ++i) add(i, 1);
  std::vector<CellCount> cells;
  for (const uint32_t cell : std::span(touched.data(), next)) cells.push_back({cell, std::exchange(counts[cell], 0)});
  return cells;
}

SemanticImageRecord MeanIou::record_of(const std::vector<CellCount>& cells) const {
  SemanticImageRecord record;
  const auto num_classes = static_cast<size_t>(options_.num_classes);
  std::vector<SemanticImageClass> classes(num_classes);
  for (const auto& [cell, count] : cells) {
    const size_t truth = cell / confusion_.stride(), predicted = cell % confusion_.stride();
    if (truth >= num_classes) continue;  // ignored
    record.num_kept += count;
    classes[truth].num_truth += count;
    if (predicted < num_classes) classes[predicted].num_predicted += count;
    if (predicted == truth) classes[truth].num_correct += count;
  }
  for (size_t i = 0; i < num_classes; ++i) {
    classes[i].index = static_cast<int64_t>(i);
    if (classes[i].num_truth + classes[i].num_predicted > 0) record.classes.push_back(classes[i]);
  }
  return record;
}

std::string MeanIou::header() const {
  return format("mean IoU of {} classes, ignore_label {}, reduce_zero_label {}, results_offset {}", options_.num_classes,
                options_.ignore_label, options_.reduce_zero_label, options_.results_offset);
}

void MeanIou::merge(const MeanIou& other) {
  if (header() != other.header()) throw std::invalid_argument("MeanIou::merge: other options");
  images_.merge(other.images_);
  confusion_ += other.confusion_;
}

std::string MeanIou::to_bytes() const {
  ByteWriter counts;
  counts.put_all(confusion_.counts_);
  const auto put_record = [](ByteWriter& out, const SemanticImageRecord& record) {
    out.put(record.num_kept);
    out.put_all(record.classes);
  };
  return bytes_of_records(header(), images_, put_record) + counts.take();
}

void MeanIou::merge_bytes(std::string_view bytes) {
  ByteReader in(bytes);
  const auto images = records_of_bytes<SemanticImageRecord>(header(), in, [](ByteReader& record) {
    const auto num_kept = record.get<int64_t>();
    return SemanticImageRecord{num_kept, record.get_all<SemanticImageClass>()};
  });
  ConfusionMatrix confusion(options_.num_classes);
  confusion.counts_ = in.get_all<int64_t>();
  if (confusion.counts_.size() != confusion_.counts_.size()) throw std::invalid_argument("MeanIou: damaged bytes");
  images_.merge(images);
  confusion_ += confusion;
}

std::vector<SemanticImageClass> MeanIou::pixels_of(Times times) const {
  std::vector<SemanticImageClass> pixels(static_cast<size_t>(options_.num_classes));
  images_.for_each(times, [&](const SemanticImageRecord& record, int32_t count) {
    for (const SemanticImageClass& c : record.classes) {
      SemanticImageClass& sum = pixels[static_cast<size_t>(c.index)];
      sum.num_truth += count * c.num_truth;
      sum.num_predicted += count * c.num_predicted;
      sum.num_correct += count * c.num_correct;
    }
  });
  return pixels;
}

std::vector<MetricValue> MeanIou::values_of(Times times) const {
  MeanIouReport found;
  found.classes = classes_of(pixels_of(times), options_.protocol);
  set_means(found);
  return {{"mIoU", found.mean_iou},
          {"mAcc", found.mean_accuracy},
          {"aAcc", found.pixel_accuracy},
          {"fwIoU", found.frequency_weighted_iou}};
}

MeanIouReport MeanIou::report(MeanIouProtocol protocol) const {
  MeanIouReport report;
  const std::vector<SemanticImageClass> pixels = pixels_of({});
  report.classes = classes_of(pixels, protocol);
  set_means(report);
  for (const auto& other : enum_names(MeanIouProtocol{})) {
    report.by_protocol.push_back(mean_of(classes_of(pixels, other.value), &SemanticClass::iou));
  }
  report.num_images = static_cast<int64_t>(images_.size());
  report.num_ignored_images = std::ranges::count_if(images_, [](const auto& image) { return image.second.num_kept == 0; });
  report.num_ignored = confusion_.num_ignored();
  report.num_missed = confusion_.num_missed();
  return report;
}

}  // namespace glid
