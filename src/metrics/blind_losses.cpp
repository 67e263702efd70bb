#include "glid/metrics/blind_losses.h"

#include <stdexcept>

#include "record_bytes.h"

namespace glid {
namespace {

constexpr const char* kHeader = "blind losses";

void put_record(ByteWriter& out, const std::vector<BlindPrediction>& predictions) {
  out.put(uint64_t{predictions.size()});
  for (const BlindPrediction& p : predictions) {
    out.put_text(p.name);
    for (const double sum : {p.pt, p.pp, p.tt, p.count}) out.put(sum);
  }
}

std::vector<BlindPrediction> get_record(ByteReader& in) {
  std::vector<BlindPrediction> predictions;
  for (uint64_t count = in.get<uint64_t>(); count > 0; --count) {
    BlindPrediction& p = predictions.emplace_back();
    p.name = in.get_text();
    for (double* sum : {&p.pt, &p.pp, &p.tt, &p.count}) *sum = in.get<double>();
  }
  return predictions;
}

void add_to(std::vector<BlindPrediction>& totals, const std::vector<BlindPrediction>& predictions, int32_t times) {
  if (totals.empty())
    for (const BlindPrediction& p : predictions) totals.push_back({p.name});
  if (totals.size() != predictions.size()) throw std::invalid_argument("BlindLosses: other predictors than before");
  for (size_t i = 0; i < totals.size(); ++i) {
    for (const auto sum : {&BlindPrediction::pt, &BlindPrediction::pp, &BlindPrediction::tt, &BlindPrediction::count})
      totals[i].*sum += times * predictions[i].*sum;
  }
}

double best_scaled(const BlindPrediction& p) { return (p.tt - (p.pp > 0 ? p.pt * p.pt / p.pp : 0)) / p.count; }

}  // namespace

void BlindLosses::add(std::string_view image, std::vector<BlindPrediction> predictions) {
  images_.add(image, std::move(predictions));
}

std::string BlindLosses::to_bytes() const { return bytes_of_records(kHeader, images_, put_record); }

void BlindLosses::merge_bytes(std::string_view bytes) {
  ByteReader in(bytes);
  images_.merge(records_of_bytes<std::vector<BlindPrediction>>(kHeader, in, get_record));
}

std::vector<MetricValue> BlindLosses::values_of(Times times) const {
  std::vector<BlindPrediction> totals;
  images_.for_each(
      times, [&](const std::vector<BlindPrediction>& predictions, int32_t count) { add_to(totals, predictions, count); });
  std::vector<MetricValue> values;
  for (const BlindPrediction& p : totals) values.push_back({p.name, best_scaled(p), Better::kLower});
  return values;
}

}  // namespace glid
