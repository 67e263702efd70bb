#include "glid/metrics/depth_errors.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "record_bytes.h"

namespace glid {
namespace {

struct NoteField {
  int64_t DepthNotes::*count;
  const char* what;
  const char* clamped;
  const char* filled;  // without a lower limit
};

constexpr std::array<NoteField, 3> kNoteFields = {{
    {&DepthNotes::num_nan, "NaN", "taken as eval.min_depth", "filled along their row"},
    {&DepthNotes::num_infinite, "infinite", "clamped", "clamped, or filled along their row where they are negative"},
    {&DepthNotes::num_nonpositive, "not positive", "clamped to eval.min_depth", "filled along their row"},
}};

bool fills_holes(const DepthOptions& options) { return options.min_depth == 0; }

// Half-open.
struct Window {
  int64_t top, bottom, left, right;
};

Window fractions(const DepthView& image, std::array<double, 4> parts) {
  const auto height = static_cast<double>(image.height), width = static_cast<double>(image.width);
  return {static_cast<int64_t>(parts[0] * height), static_cast<int64_t>(parts[1] * height),
          static_cast<int64_t>(parts[2] * width), static_cast<int64_t>(parts[3] * width)};
}

std::string crops_of_any_size() {
  std::string list;
  for (const auto& [crop, name, meaning] : enum_names(DepthCrop{}))
    if (crop != DepthCrop::kEigen) list += (list.empty() ? "" : "|") + std::string(name);
  return list;
}

Window window_of(DepthCrop crop, const DepthView& image, const std::string& where) {
  switch (crop) {
    case DepthCrop::kEigen:
      if (image.height != 480 || image.width != 640) {
        throw DataError(where, "has a size that eval.crop = eigen is not for (480 x 640)",
                        format("{} x {}", image.height, image.width), "eval.crop=" + crops_of_any_size());
      }
      return {45, 471, 41, 601};
    case DepthCrop::kGarg: return fractions(image, {.40810811, .99189189, .03594771, .96405229});
    case DepthCrop::kKittiEigen: return fractions(image, {.3324324, .91351351, .0359477, .96405229});
    case DepthCrop::kNone: return {0, image.height, 0, image.width};
  }
  throw std::invalid_argument("DepthCrop");
}

// Truth and prediction of the valid pixels.
struct ValidPixels {
  std::vector<double> truth, predicted;
};

ValidPixels valid_pixels(const DepthOptions& options, const Window& window, const DepthView& predicted,
                         const DepthView& truth) {
  ValidPixels valid;
  for (int64_t y = window.top; y < window.bottom; ++y) {
    for (int64_t x = window.left; x < window.right; ++x) {
      const auto at = static_cast<size_t>(y * truth.width + x);
      if (!(truth.metres[at] > options.min_depth && truth.metres[at] < options.max_depth)) continue;
      valid.truth.push_back(truth.metres[at]);
      valid.predicted.push_back(predicted.metres[at]);
    }
  }
  return valid;
}

bool is_hole(double metres) { return !(metres > 0); }

// A hole between two depths takes the smaller one, one at an end the nearest.
void fill_row(std::span<double> row) {
  for (size_t begin = 0; begin < row.size();) {
    if (!is_hole(row[begin])) {
      ++begin;
      continue;
    }
    size_t end = begin;
    while (end < row.size() && is_hole(row[end])) ++end;
    const double left = begin > 0 ? row[begin - 1] : kNoMaxDepth, right = end < row.size() ? row[end] : kNoMaxDepth;
    if (begin > 0 || end < row.size()) std::fill(row.begin() + begin, row.begin() + end, std::min(left, right));
    begin = end;
  }
}

// Rows without a depth above the first that has some, or below the last, take that one's.
std::vector<double> filled_along_rows(const DepthView& image) {
  std::vector<double> filled(image.metres.begin(), image.metres.end());
  const auto width = static_cast<size_t>(image.width), height = static_cast<size_t>(image.height);
  const auto row = [&](size_t y) { return std::span(filled).subspan(y * width, width); };
  const auto is_empty = [&](size_t y) { return is_hole(row(y)[0]); };
  for (size_t y = 0; y < height; ++y) fill_row(row(y));
  size_t first = 0, last = height;
  while (first < height && is_empty(first)) ++first;
  if (first == height) return filled;
  while (is_empty(last - 1)) --last;
  for (size_t y = 0; y < first; ++y) std::ranges::copy(row(first), row(y).begin());
  for (size_t y = last; y < height; ++y) std::ranges::copy(row(last - 1), row(y).begin());
  return filled;
}

void require_predictions(const ValidPixels& valid, const std::string& where) {
  const auto num_holes = std::ranges::count_if(valid.predicted, is_hole);
  if (num_holes > 0)
    throw DataError(where, "has pixels with a truth in rows without any prediction", format("{} such", num_holes),
                    "eval.min_depth=0.001, for one, takes them as such");
}

DepthNotes notes_of(const std::vector<double>& predicted) {
  DepthNotes notes;
  for (double p : predicted) {
    notes.num_nan += std::isnan(p);
    notes.num_infinite += std::isinf(p);
    notes.num_nonpositive += std::isfinite(p) && p <= 0;
  }
  return notes;
}

// numpy.median: the mean of the two in the middle. NaN for no values.
double median(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

void scale_by_median(ValidPixels& valid, const std::string& where) {
  std::vector<double> numbers = valid.predicted;
  std::erase_if(numbers, [](double p) { return std::isnan(p); });
  const double predicted_median = median(std::move(numbers));
  if (!(predicted_median > 0 && std::isfinite(predicted_median))) {
    throw DataError(where, "has a median prediction that eval.median_scaling cannot divide by",
                    format("{}", predicted_median));
  }
  const double scale = median(valid.truth) / predicted_median;
  for (double& p : valid.predicted) p *= scale;
}

void clamp(std::vector<double>& predicted, const DepthOptions& options, const std::string& where) {
  if (options.max_depth == kNoMaxDepth && std::ranges::count(predicted, kNoMaxDepth) > 0)
    throw DataError(where, "has infinite predictions, which nothing limits", {}, "eval.max_depth=80, for one, clamps them");
  for (double& p : predicted) p = std::isnan(p) ? options.min_depth : std::clamp(p, options.min_depth, options.max_depth);
}

// Sums in blocks: hundreds of thousands of terms added one by one would lose digits that numpy's pairwise sums keep.
template <typename Term>
double sum_of(size_t count, Term term) {
  constexpr size_t kBlock = 512;
  double sum = 0;
  for (size_t begin = 0; begin < count; begin += kBlock) {
    const size_t end = std::min(begin + kBlock, count);
    double block = 0;
    for (size_t i = begin; i < end; ++i) block += term(i);
    sum += block;
  }
  return sum;
}

double squared(double x) { return x * x; }

// Of valid pixels, clamped; there are some.
DepthImageRecord record_of(const ValidPixels& valid) {
  const std::vector<double>&g = valid.truth, &p = valid.predicted;
  std::vector<double> e;
  for (size_t i = 0; i < g.size(); ++i) e.push_back(std::log(p[i] / g[i]));
  const auto num_valid = static_cast<double>(g.size());
  const auto mean = [&](auto term) { return sum_of(g.size(), term) / num_valid; };
  const auto share_below = [&](double limit) {
    return mean([&](size_t i) { return std::max(g[i] / p[i], p[i] / g[i]) < limit ? 1.0 : 0.0; });
  };
  const double mean_log = mean([&](size_t i) { return e[i]; });
  // About the mean, so that nothing cancels where a prediction is off by just a factor.
  const double variance = mean([&](size_t i) { return squared(e[i] - mean_log); });
  DepthImageRecord record;
  record.num_valid = static_cast<int64_t>(g.size());
  record.squared_error = sum_of(g.size(), [&](size_t i) { return squared(g[i] - p[i]); });
  record.values = {
      .abs_rel = mean([&](size_t i) { return std::abs(g[i] - p[i]) / g[i]; }),
      .sq_rel = mean([&](size_t i) { return squared(g[i] - p[i]) / g[i]; }),
      .sq_rel_kitti = mean([&](size_t i) { return squared(g[i] - p[i]) / squared(g[i]); }),
      .rmse = std::sqrt(record.squared_error / num_valid),
      .rmse_log = std::sqrt(mean([&](size_t i) { return squared(e[i]); })),
      .irmse = 1000 * std::sqrt(mean([&](size_t i) { return squared(1 / g[i] - 1 / p[i]); })),
      .log10 = mean([&](size_t i) { return std::abs(e[i]); }) * std::numbers::log10e,
      .silog = 100 * std::sqrt(variance),
      .silog_mmseg = std::sqrt(variance + squared(mean_log) / 2),
      .d1 = share_below(1.25),
      .d2 = share_below(1.25 * 1.25),
      .d3 = share_below(1.25 * 1.25 * 1.25),
  };
  return record;
}

void require_full(const DepthView& view) {
  if (view.height < 0 || view.width < 0 || view.metres.size() != static_cast<size_t>(view.height * view.width)) {
    throw std::invalid_argument("DepthView: height x width is not the number of values");
  }
}

// kDepthDifferences, of a report with valid pixels.
std::optional<double> differing_value(const DepthReport& report, DepthProtocol protocol) {
  switch (protocol) {
    case DepthProtocol::kMmseg: return report.mean->silog_mmseg;
    case DepthProtocol::kKitti: return report.mean->sq_rel_kitti;
    case DepthProtocol::kPooled: return report.rmse_pooled;
    case DepthProtocol::kNyu: break;
  }
  return std::nullopt;
}

}  // namespace

void DepthOptions::check() const {
  if (!(min_depth >= 0 && std::isfinite(min_depth)))
    throw UsageError("eval.min_depth", "must not be negative", format("{}", min_depth));
  if (!(max_depth > min_depth)) throw UsageError("eval.max_depth", "must be above eval.min_depth", format("{}", max_depth));
}

DepthOptions depth_options(DepthProtocol protocol) {
  DepthOptions options{.protocol = protocol};
  if (protocol != DepthProtocol::kKitti) return options;
  options.min_depth = 0;
  options.max_depth = kNoMaxDepth;
  options.crop = DepthCrop::kNone;
  return options;
}

double png_units_per_metre(DepthProtocol protocol) { return protocol == DepthProtocol::kKitti ? 256 : 1000; }

DepthNotes& DepthNotes::operator+=(const DepthNotes& other) {
  for (const NoteField& field : kNoteFields) this->*field.count += other.*field.count;
  return *this;
}

std::vector<std::string> DepthNotes::lines(const DepthOptions& options) const {
  std::vector<std::string> lines;
  for (const auto& [count, what, clamped, filled] : kNoteFields)
    if (this->*count != 0)
      lines.push_back(format("{} predicted pixels are {}: {}", this->*count, what, fills_holes(options) ? filled : clamped));
  return lines;
}

DepthErrors::DepthErrors(const DepthOptions& options) : options_(options) { options_.check(); }

void DepthErrors::add(std::string_view image, const DepthView& predicted, const DepthView& truth) {
  const std::string where = format("image {}", image);
  require_full(predicted);
  require_full(truth);
  images_.require_new(image);
  if (predicted.height != truth.height || predicted.width != truth.width) {
    throw DataError(where, format("has a prediction of another size than its truth ({} x {})", truth.height, truth.width),
                    format("{} x {}", predicted.height, predicted.width));
  }
  const Window window = window_of(options_.crop, truth, where);
  ValidPixels valid = valid_pixels(options_, window, predicted, truth);
  const DepthNotes notes = notes_of(valid.predicted);
  if (fills_holes(options_) && std::ranges::any_of(valid.predicted, is_hole)) {
    const std::vector<double> filled = filled_along_rows(predicted);
    valid = valid_pixels(options_, window, {filled, predicted.height, predicted.width}, truth);
    require_predictions(valid, where);
  }
  DepthImageRecord record;
  if (!valid.truth.empty()) {
    if (options_.median_scaling) scale_by_median(valid, where);
    clamp(valid.predicted, options_, where);
    record = record_of(valid);
  }
  record.notes = notes;
  images_.add(image, record);
}

std::string DepthErrors::header() const {
  return format("depth errors 2 from {} to {} m, crop {}, median scaling {}", options_.min_depth, options_.max_depth,
                config::name_of(options_.crop), options_.median_scaling);
}

void DepthErrors::merge(const DepthErrors& other) {
  if (header() != other.header()) throw std::invalid_argument("DepthErrors::merge: other options");
  images_.merge(other.images_);
}

std::string DepthErrors::to_bytes() const {
  return bytes_of_records(header(), images_, [](ByteWriter& out, const DepthImageRecord& record) { out.put(record); });
}

void DepthErrors::merge_bytes(std::string_view bytes) {
  ByteReader in(bytes);
  images_.merge(
      records_of_bytes<DepthImageRecord>(header(), in, [](ByteReader& record) { return record.get<DepthImageRecord>(); }));
}

std::vector<MetricValue> depth_values(const DepthReport& report, DepthProtocol protocol) {
  std::vector<MetricValue> values;
  for (const auto& [name, field, better] : std::span(kDepthErrorFields).first(kNumDepthValues)) {
    std::optional<double> value;
    if (report.mean) value = (*report.mean).*field;
    for (const DepthDifference& other : kDepthDifferences)
      if (report.mean && other.protocol == protocol && other.metric == name) value = differing_value(report, protocol);
    values.push_back({name, value, better});
  }
  return values;
}

std::vector<MetricValue> DepthErrors::values_of(Times times) const { return depth_values(report(times), options_.protocol); }

DepthReport DepthErrors::report(Times times) const {
  DepthReport report;
  DepthErrorValues sum;
  double squared_error = 0;
  images_.for_each(times, [&](const DepthImageRecord& record, int32_t count) {
    report.num_images += count;
    report.notes += record.notes;
    if (record.num_valid == 0) {
      report.num_skipped += count;
      return;
    }
    report.num_pixels += count * record.num_valid;
    squared_error += count * record.squared_error;
    for (const DepthErrorField& field : kDepthErrorFields) sum.*field.value += count * record.values.*field.value;
  });
  if (report.num_pixels == 0) return report;
  const auto num_averaged = static_cast<double>(report.num_images - report.num_skipped);
  report.mean.emplace();
  for (const DepthErrorField& field : kDepthErrorFields) (*report.mean).*field.value = sum.*field.value / num_averaged;
  report.rmse_pooled = std::sqrt(squared_error / static_cast<double>(report.num_pixels));
  return report;
}

}  // namespace glid
