#include "evaluated_images.h"

#include <sstream>

#include "glid/core/join.h"
#include "glid/eval/image_hash.h"

namespace glid {
namespace {

constexpr char kBetween = '\0';  // in no name of a file

}  // namespace

void EvaluatedImages::add(int64_t sample) { stems_.insert(stem_of(data_.image_id(sample))); }

std::string EvaluatedImages::hash(Communicator& communicator) const {
  std::set<std::string> all;
  for (const std::string& stems : communicator.all_gather_bytes(join(stems_, {&kBetween, 1}), "the evaluated images")) {
    std::istringstream in(stems);
    for (std::string stem; std::getline(in, stem, kBetween);) all.insert(stem);
  }
  return image_hash(all);
}

}  // namespace glid
