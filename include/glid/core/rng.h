// Counter-based random numbers (Philox 4x32-10; Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11).
// A stream is named by what it is for, so any sample can be made again alone and no generator state is ever saved.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace glid {

// What a stream of random numbers is drawn for. The values are part of a run's identity: add at the end, never renumber.
enum class RandomOp : uint32_t {
  kPermutation = 1,
  kCrop,
  kFlip,
  kMask,
  kDropPath,
  kInit,
  kScene,
  kExample,
  kColour,
  kBlind,
  kSubset,
  kPoints,
  kBootstrap,
  kErasing,
  kMixing,
};

// One block of the Philox 4x32-10 function.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// The stream named (seed, epoch, sample, op). Epochs below 2^24.
class Rng {
 public:
  Rng(uint64_t seed, uint64_t epoch, uint64_t sample, RandomOp op);

  uint32_t next();
  // In [0, 1) with 53 bits.
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // In [0, bound), without bias; bound > 0.
  uint64_t below(uint64_t bound);
  // Standard normal (Box-Muller).
  double normal();

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
};

// Puts the values in a random order (Fisher-Yates from the end): one draw of below(n) for each n from their number to 2.
template <class T>
void shuffle(std::vector<T>& values, Rng& rng) {
  for (size_t left = values.size(); left > 1; --left) std::swap(values[left - 1], values[rng.below(left)]);
}

// FNV-1a with a final mix: the same on every machine; for names, splits and fingerprints, not for security.
uint64_t stable_hash(std::string_view text, uint64_t seed = 0);

}  // namespace glid
