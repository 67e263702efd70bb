#include "pixel_pairs.h"

#include <algorithm>
#include <tuple>

namespace glid {
namespace {

constexpr int kFirstBits = 10;  // slots of a new table: 2^10, enough for images of ordinary scenes

// Open addressing with linear probing, at most a quarter full: the first slot is nearly always the right one. A slot without
// pixels is free.
class PairTable {
 public:
  void add(uint32_t truth, uint32_t predicted, int64_t num_pixels) {
    PixelPair& slot = find(truth, predicted);
    if (slot.num_pixels == 0) {
      slot.truth = truth;
      slot.predicted = predicted;
      ++num_used_;
    }
    slot.num_pixels += num_pixels;
    if (num_used_ * 4 > slots_.size()) grow();
  }

  std::vector<PixelPair> take() {
    std::erase_if(slots_, [](const PixelPair& slot) { return slot.num_pixels == 0; });
    return std::move(slots_);
  }

 private:
  PixelPair& find(uint32_t truth, uint32_t predicted) {
    const uint64_t key = uint64_t{truth} << 32 | predicted;
    size_t at = (key ^ key >> 29) * 0x9E3779B97F4A7C15u >> (64 - bits_);
    while (slots_[at].num_pixels != 0 && (slots_[at].truth != truth || slots_[at].predicted != predicted)) {
      at = (at + 1) & (slots_.size() - 1);
    }
    return slots_[at];
  }

  void grow() {
    const std::vector<PixelPair> pairs = take();
    slots_.assign(size_t{1} << ++bits_, {});
    for (const PixelPair& pair : pairs) find(pair.truth, pair.predicted) = pair;
  }

  int bits_ = kFirstBits;
  size_t num_used_ = 0;
  std::vector<PixelPair> slots_ = std::vector<PixelPair>(size_t{1} << kFirstBits);
};

}  // namespace

std::vector<PixelPair> count_pixel_pairs(std::span<const uint32_t> truth, std::span<const uint32_t> predicted) {
  PairTable table;
  for (size_t i = 0; i < truth.size();) {
    const size_t begin = i;
    while (++i < truth.size() && truth[i] == truth[begin] && predicted[i] == predicted[begin]) continue;
    table.add(truth[begin], predicted[begin], static_cast<int64_t>(i - begin));
  }
  std::vector<PixelPair> pairs = table.take();
  std::ranges::sort(pairs, {}, [](const PixelPair& pair) { return std::pair(pair.truth, pair.predicted); });
  return pairs;
}

}  // namespace glid
