#include "glid/metrics/accuracy.h"

#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

#include "record_bytes.h"

namespace glid {
namespace {

constexpr const char* kHeader = "accuracy";

bool ranks_before(std::span<const double> scores, size_t a, size_t b) {
  if (std::isnan(scores[b])) return !std::isnan(scores[a]) || a < b;
  return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
}

}  // namespace

void Accuracy::add(std::string_view image, std::span<const double> scores, int64_t truth) {
  if (truth < 0 || truth >= std::ssize(scores)) throw std::invalid_argument("Accuracy: the truth is none of the classes");
  int64_t rank = 0;
  for (size_t c = 0; c < scores.size(); ++c)
    if (std::cmp_not_equal(c, truth) && ranks_before(scores, c, static_cast<size_t>(truth))) ++rank;
  records_.add(image, {truth, rank});
}

std::string Accuracy::to_bytes() const {
  return bytes_of_records(kHeader, records_, [](ByteWriter& out, const Record& record) { out.put(record); });
}

void Accuracy::merge_bytes(std::string_view bytes) {
  ByteReader in(bytes);
  records_.merge(records_of_bytes<Record>(kHeader, in, [](ByteReader& record) { return record.get<Record>(); }));
}

std::vector<MetricValue> Accuracy::values_of(Times times) const {
  const auto share = [&](int64_t first) -> std::optional<double> {
    int64_t right = 0, all = 0;
    records_.for_each(times, [&](const Record& record, int32_t count) {
      right += record.rank < first ? count : 0;
      all += count;
    });
    if (all == 0) return std::nullopt;
    return static_cast<double>(right) / static_cast<double>(all);
  };
  return {{"top1", share(1)}, {"top5", share(5)}};
}

std::vector<Accuracy::OfClass> Accuracy::classes() const {
  std::vector<OfClass> classes;
  for (const auto& [image, record] : records_) {
    const auto c = static_cast<size_t>(record.truth);
    if (c >= classes.size()) classes.resize(c + 1);
    ++classes[c].num_images;
    classes[c].num_first += record.rank < 1 ? 1 : 0;
    classes[c].num_among_five += record.rank < 5 ? 1 : 0;
  }
  return classes;
}

}  // namespace glid
