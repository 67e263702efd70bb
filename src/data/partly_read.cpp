#include "glid/data/partly_read.h"

#include <utility>

namespace glid {

Sample get_part(const Dataset& dataset, int64_t id, const PartOfImage& part) {
  const auto* reader = dynamic_cast<const PartReader*>(&dataset);
  return reader ? reader->get_part(id, part) : dataset.get(id);
}

PartlyRead::PartlyRead(std::shared_ptr<const Dataset> all, PartByKey part) : all_(std::move(all)), part_(std::move(part)) {}

Sample PartlyRead::get(const SampleKey& key) const {
  return get_part(*all_, key.id, [&](int64_t height, int64_t width) { return part_(height, width, key); });
}

}  // namespace glid
