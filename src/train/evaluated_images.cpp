#include "evaluated_images.h"

#include <sstream>

#include "glid/eval/image_hash.h"
#include "glid/metrics/image_records.h"

namespace glid {
namespace {

constexpr char kBehind = '\0';  // in no name of a file

}  // namespace

void EvaluatedImages::add(int64_t sample, int64_t image) { names_[image_key(image)] = stem_of(data_.image_id(sample)); }

ImageNames EvaluatedImages::names(Communicator& communicator) const {
  std::string own;
  for (const auto& [key, name] : names_) (own += key + kBehind) += name + kBehind;
  ImageNames all;
  for (const std::string& names : communicator.all_gather_bytes(own, "the evaluated images")) {
    std::istringstream in(names);
    for (std::string key, name; std::getline(in, key, kBehind) && std::getline(in, name, kBehind);) all[key] = name;
  }
  return all;
}

}  // namespace glid
