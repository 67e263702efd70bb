// Samples that lie together on a disk and are best read one after another (no LibTorch).
#pragma once

#include <cstdint>
#include <vector>

namespace glid {

class Dataset;

// A data set cut into blocks: shards, say.
struct Blocks {
  std::vector<int64_t> ends;  // the first id after each block, ascending; empty: there are none, any order is as good
  int64_t window = 1;         // how many blocks are read at a time, their samples mixed
};

// What a data set that lies in blocks can tell beside what all can.
class InBlocks {
 public:
  virtual ~InBlocks() = default;
  virtual Blocks blocks() const = 0;
};

// Those of a data set, or none.
Blocks blocks_of(const Dataset& dataset);

}  // namespace glid
