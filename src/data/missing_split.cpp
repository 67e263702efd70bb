#include "missing_split.h"

#include "glid/core/format.h"

namespace glid {

std::string missing_split(Split split, const DataError& error) {
  return split == Split::kTrain
             ? format("nothing to train on (--split val looks at that split alone): {}", error.what())
             : format("no val: nothing to validate on (glid_train --set eval.split=train takes the training images): {}",
                      error.what());
}

}  // namespace glid
