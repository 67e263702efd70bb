// Which images a model was measured on.
#pragma once

#include <set>
#include <string>

#include "glid/data/dataset.h"
#include "glid/dist/communicator.h"

namespace glid {

class EvaluatedImages {
 public:
  explicit EvaluatedImages(const AnnotatedDataset& data) : data_(data) {}

  void add(int64_t sample);
  // image_hash() of all ranks' images; all ranks must call it.
  std::string hash(Communicator& communicator) const;

 private:
  const AnnotatedDataset& data_;
  std::set<std::string> stems_;
};

}  // namespace glid
