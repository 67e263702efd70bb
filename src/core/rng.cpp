#include "glid/core/rng.h"

#include <cmath>
#include <numbers>

namespace glid {
namespace {

void multiply(uint32_t a, uint32_t b, uint32_t& high, uint32_t& low) {
  const uint64_t product = uint64_t{a} * b;
  high = static_cast<uint32_t>(product >> 32);
  low = static_cast<uint32_t>(product);
}

}  // namespace

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    uint32_t high0, low0, high1, low1;
    multiply(0xD2511F53u, c[0], high0, low0);
    multiply(0xCD9E8D57u, c[2], high1, low1);
    c = {high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0};
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c;
}

Rng::Rng(uint64_t seed, uint64_t epoch, uint64_t sample, RandomOp op)
    : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
      counter_{0, (static_cast<uint32_t>(op) << 24) | static_cast<uint32_t>(epoch & 0xFFFFFF), static_cast<uint32_t>(sample),
               static_cast<uint32_t>(sample >> 32)} {}

uint32_t Rng::next() {
  if (used_ == 4) {
    block_ = philox(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[used_++];
}

double Rng::uniform() {
  const uint64_t high = next() >> 5, low = next() >> 6;  // 27 + 26 bits
  return static_cast<double>((high << 26) | low) * 0x1.0p-53;
}

uint64_t Rng::below(uint64_t bound) {
  const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;  // a multiple of bound
  while (true) {
    const uint64_t high = next(), value = (high << 32) | next();
    if (value < limit) return value % bound;
  }
}

double Rng::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

uint64_t stable_hash(std::string_view text, uint64_t seed) {
  uint64_t hash = 0xCBF29CE484222325u ^ (seed * 0x9E3779B97F4A7C15u);
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001B3u;
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9u;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBu;
  return hash ^ (hash >> 31);
}

}  // namespace glid
