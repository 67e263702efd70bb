#include "glid/metrics/mean_loss.h"

#include <algorithm>
#include <stdexcept>

#include "record_bytes.h"

namespace glid {
namespace {

constexpr const char* kHeader = "mean loss";

void add_to(std::vector<MetricValue>& values, const std::string& name, double value) {
  const auto found = std::ranges::find(values, name, &MetricValue::name);
  if (found == values.end()) values.push_back({name, value, Better::kLower});
  else *found->value += value;
}

}  // namespace

void MeanLoss::take_terms(const std::vector<Term>& terms) {
  if (terms_.empty()) terms_ = terms;
  if (terms_ != terms) throw std::invalid_argument("MeanLoss: other terms than before");
}

void MeanLoss::add(std::string_view image, const std::vector<Term>& terms, std::vector<LossPart> parts) {
  take_terms(terms);
  if (parts.size() != terms.size()) throw std::invalid_argument("MeanLoss: not a part of each term");
  images_.add(image, std::move(parts));
}

std::string MeanLoss::to_bytes() const {
  ByteWriter terms;
  terms.put(uint64_t{terms_.size()});
  for (const Term& term : terms_) {
    terms.put_text(term.name);
    terms.put(term.weight);
  }
  return terms.take() +
         bytes_of_records(kHeader, images_, [](ByteWriter& out, const std::vector<LossPart>& parts) { out.put_all(parts); });
}

void MeanLoss::merge_bytes(std::string_view bytes) {
  ByteReader in(bytes);
  std::vector<Term> terms;
  for (uint64_t count = in.get<uint64_t>(); count > 0; --count) {
    Term& term = terms.emplace_back();
    term.name = in.get_text();
    term.weight = in.get<double>();
  }
  const auto images =
      records_of_bytes<std::vector<LossPart>>(kHeader, in, [](ByteReader& part) { return part.get_all<LossPart>(); });
  if (images.size() == 0) return;
  take_terms(terms);
  images_.merge(images);
}

std::vector<MetricValue> MeanLoss::values_of(Times times) const {
  std::vector<LossPart> totals(terms_.size());
  images_.for_each(times, [&](const std::vector<LossPart>& parts, int32_t count) {
    for (size_t i = 0; i < parts.size(); ++i) {
      totals[i].sum += count * parts[i].sum;
      totals[i].count += count * parts[i].count;
    }
  });
  MetricValue loss{"loss", std::nullopt, Better::kLower};
  std::vector<MetricValue> terms;
  for (size_t i = 0; i < terms_.size(); ++i) {
    const double value = totals[i].sum / std::max(totals[i].count, 1.0);
    loss.value = loss.value.value_or(0) + terms_[i].weight * value;
    add_to(terms, terms_[i].name, value);
  }
  std::vector<MetricValue> values{loss};
  if (terms.size() > 1) values.insert(values.end(), terms.begin(), terms.end());
  return values;
}

}  // namespace glid
