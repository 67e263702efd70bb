// Which images a model was measured on.
#pragma once

#include "glid/data/dataset.h"
#include "glid/dist/communicator.h"
#include "glid/metrics/bootstrap.h"

namespace glid {

class EvaluatedImages {
 public:
  explicit EvaluatedImages(const AnnotatedDataset& data) : data_(data) {}

  // `image`: the number that metrics tell the sample's image apart by.
  void add(int64_t sample, int64_t image);
  // Of all ranks' images; all ranks must call it.
  ImageNames names(Communicator& communicator) const;

 private:
  const AnnotatedDataset& data_;
  ImageNames names_;
};

}  // namespace glid
