// A list of samples that can be read in any order, from many threads (no LibTorch).
#pragma once

#include <cstdint>
#include <string>

#include "glid/data/sample.h"

namespace glid {

enum class Split { kTrain, kVal };

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  // Sample `id`, 0 <= id < size(). Throws DataError when its file can't be read: the loader counts that as a bad file.
  virtual Sample get(int64_t id) const = 0;
  // Its name without reading it.
  virtual std::string name(int64_t id) const = 0;
  // Changes when the list of samples does, the same on every machine. May take a while: it looks at every file.
  virtual uint64_t fingerprint() const = 0;
};

}  // namespace glid
