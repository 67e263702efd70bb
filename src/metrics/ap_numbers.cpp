// Step 7 of average precision: the table.
#include <algorithm>

#include "glid/core/format.h"
#include "glid/metrics/average_precision.h"

namespace glid {
namespace {

std::string suffix(const std::string& range) {
  if (range == "all") return "";
  const bool is_official = range == "small" || range == "medium" || range == "large";
  return is_official ? range.substr(0, 1) : "_" + range;
}

class Table {
 public:
  Table(const ApResult& result, std::optional<size_t> category) : result_(result), parameters_(result.parameters) {
    if (category) first_ = *category, end_ = *category + 1;
    all_ = parameters_.range_of_all();
  }

  std::vector<MetricValue> boxes() {
    add_thresholds("AP", result_.average_precision);
    add_ranges("AP", result_.average_precision);
    for (size_t limit = 0; limit < parameters_.max_dets.size(); ++limit) {
      numbers_.push_back({"AR" + limit_text(parameters_.max_dets[limit]), mean(result_.recall, all_, limit, {})});
    }
    add_ranges("AR", result_.recall);
    return std::move(numbers_);
  }

  std::vector<MetricValue> keypoints() {
    for (const auto& [name, values] : {std::pair{"AP", &result_.average_precision}, std::pair{"AR", &result_.recall}}) {
      add_thresholds(name, *values);
      add_ranges(name, *values);
    }
    return std::move(numbers_);
  }

 private:
  void add_thresholds(const std::string& name, const std::vector<double>& values) {
    numbers_.push_back({name, mean(values, all_, last_limit(), {})});
    numbers_.push_back({name + "50", mean(values, all_, last_limit(), .5)});
    numbers_.push_back({name + "75", mean(values, all_, last_limit(), .75)});
  }

  void add_ranges(const std::string& name, const std::vector<double>& values) {
    const std::vector<std::string> names = area_names(name, parameters_);
    for (size_t range = 0; range < names.size(); ++range)
      if (range != all_) numbers_.push_back({names[range], mean(values, range, last_limit(), {})});
  }

  static std::string limit_text(int64_t limit) { return limit == kNoLimit ? "" : format("{}", limit); }

  size_t last_limit() const { return parameters_.max_dets.size() - 1; }

  // Over thresholds (or the one) and categories, of [K, A, M, T].
  std::optional<double> mean(const std::vector<double>& values, size_t range, size_t limit,
                             std::optional<double> threshold) const {
    double sum = 0;
    int64_t count = 0;
    for (size_t category = first_; category < end_; ++category) {
      const size_t first = result_.cell(category, range, limit);
      for (size_t t = 0; t < parameters_.iou_thresholds.size(); ++t) {
        if ((threshold && parameters_.iou_thresholds[t] != *threshold) || values[first + t] < 0) continue;
        sum += values[first + t];
        ++count;
      }
    }
    if (count == 0) return std::nullopt;
    return sum / static_cast<double>(count);
  }

  const ApResult& result_;
  const ApParameters& parameters_;
  size_t first_ = 0;
  size_t end_ = static_cast<size_t>(result_.num_categories);
  size_t all_ = 0;
  std::vector<MetricValue> numbers_;
};

}  // namespace

std::vector<std::string> area_names(const std::string& number, const ApParameters& parameters) {
  std::vector<std::string> names;
  for (const AreaRange& range : parameters.area_ranges) names.push_back(number + suffix(range.name));
  return names;
}

std::vector<MetricValue> ap_numbers(const ApResult& result, std::optional<size_t> category) {
  Table table(result, category);
  return result.parameters.kind == CocoKind::kKeypoint ? table.keypoints() : table.boxes();
}

}  // namespace glid
