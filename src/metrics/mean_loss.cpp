#include "glid/metrics/mean_loss.h"

#include <stdexcept>

#include "glid/core/format.h"
#include "record_bytes.h"

namespace glid {

MeanLoss::MeanLoss(std::vector<Term> terms) : terms_(std::move(terms)) {}

void MeanLoss::add(std::string_view image, std::vector<LossPart> parts) {
  if (parts.size() != terms_.size())
    throw std::invalid_argument(format("MeanLoss: {} parts for {} terms", parts.size(), terms_.size()));
  images_.add(image, std::move(parts));
}

std::string MeanLoss::header() const {
  std::string header = "mean loss of";
  for (const Term& term : terms_) header += format(" {} x {}", term.weight, term.name);
  return header;
}

std::string MeanLoss::to_bytes() const {
  return bytes_of_records(header(), images_,
                          [](ByteWriter& out, const std::vector<LossPart>& parts) { out.put_all(parts); });
}

void MeanLoss::merge_bytes(std::string_view bytes) {
  ByteReader in(bytes);
  images_.merge(records_of_bytes<std::vector<LossPart>>(header(), in,
                                                        [](ByteReader& record) { return record.get_all<LossPart>(); }));
}

std::vector<MetricValue> MeanLoss::values() const {
  std::vector<LossPart> totals(terms_.size());
  for (const auto& [image, parts] : images_) {
    for (size_t i = 0; i < parts.size(); ++i) {
      totals[i].sum += parts[i].sum;
      totals[i].count += parts[i].count;
    }
  }
  MetricValue loss{"loss", std::nullopt, Better::kLower};
  std::vector<MetricValue> terms;
  for (size_t i = 0; i < terms_.size(); ++i) {
    terms.push_back({terms_[i].name, std::nullopt, Better::kLower});
    if (totals[i].count == 0) continue;
    terms[i].value = totals[i].sum / totals[i].count;
    loss.value = loss.value.value_or(0) + terms_[i].weight * *terms[i].value;
  }
  std::vector<MetricValue> values{loss};
  if (terms.size() > 1) values.insert(values.end(), terms.begin(), terms.end());
  return values;
}

}  // namespace glid
