// In which order an epoch shows the samples: a pure function of (seed, epoch) (no LibTorch).
//
// Without blocks it is Fisher-Yates from Rng(seed, epoch, 0, kPermutation) over all ids, held for two epochs in 4 bytes an
// id.
//
// With blocks nothing is held but their places. The blocks come in the order of Fisher-Yates from the same stream; each
// `window` of them that follow each other are read together, and their samples are mixed by a formula: Mixer(samples, key)
// with the key from Rng(seed, epoch, 1 + window's number, kPermutation).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "glid/data/blocks.h"

namespace glid {

class EpochOrder {
 public:
  virtual ~EpochOrder() = default;
  // The id at `position` of an epoch, both in [0, size). Safe to call from several threads.
  virtual int64_t id(int64_t epoch, int64_t position) const = 0;
};

// Throws DataError for more samples than it can number.
std::unique_ptr<const EpochOrder> make_epoch_order(int64_t size, uint64_t seed, const Blocks& blocks);

// A permutation of [0, size) by formula: a Feistel network of eight rounds (Luby and Rackoff, "How to Construct Pseudorandom
// Permutations from Pseudorandom Functions", 1988) with Philox as its function, over the next power of four, whose numbers
// from `size` on are walked through (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).
class Mixer {
 public:
  Mixer(int64_t size, const std::array<uint32_t, 2>& key);
  int64_t operator()(int64_t position) const;

 private:
  uint64_t encrypt(uint64_t value) const;

  uint64_t size_;
  std::array<uint32_t, 2> key_;
  uint32_t half_bits_;
};

// The whole permutation of an epoch without blocks, for tests and tools.
std::vector<int64_t> epoch_permutation(int64_t size, uint64_t seed, int64_t epoch);

}  // namespace glid
