#include "pixel_pairs.h"

#include <algorithm>
#include <utility>

namespace glid {
namespace {

constexpr int kFirstBits = 10;  // slots of a new table: 2^10, enough for images of ordinary scenes

uint64_t key_of(uint32_t truth, uint32_t predicted) { return uint64_t{truth} << 32 | predicted; }

// Open addressing with linear probing, at most a quarter full: the first slot is nearly always the right one. A slot without
// pixels is free.
class PairTable {
 public:
  void add(uint64_t key, int64_t num_pixels) {
    Slot& slot = find(key);
    const bool is_new = slot.num_pixels == 0;
    slot.key = key;
    slot.num_pixels += num_pixels;
    if (is_new && ++num_used_ * 4 > slots_.size()) grow();
  }

  // Ascending by key.
  std::vector<PixelPair> pairs() const {
    std::vector<PixelPair> pairs;
    for (const Slot& slot : slots_) {
      if (slot.num_pixels == 0) continue;
      pairs.push_back({static_cast<uint32_t>(slot.key >> 32), static_cast<uint32_t>(slot.key), slot.num_pixels});
    }
    std::ranges::sort(pairs, {}, [](const PixelPair& pair) { return key_of(pair.truth, pair.predicted); });
    return pairs;
  }

 private:
  struct Slot {
    uint64_t key = 0;
    int64_t num_pixels = 0;
  };

  Slot& find(uint64_t key) {
    size_t at = (key ^ key >> 29) * 0x9E3779B97F4A7C15u >> shift_;
    while (slots_[at].key != key && slots_[at].num_pixels != 0) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }

  void grow() {
    const std::vector<Slot> full = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    --shift_;
    for (const Slot& slot : full) {
      if (slot.num_pixels != 0) find(slot.key) = slot;
    }
  }

  int shift_ = 64 - kFirstBits;
  size_t num_used_ = 0;
  std::vector<Slot> slots_ = std::vector<Slot>(size_t{1} << kFirstBits);
};

}  // namespace

std::vector<PixelPair> count_pixel_pairs(std::span<const uint32_t> truth, std::span<const uint32_t> predicted) {
  PairTable table;
  for (size_t i = 0; i < truth.size();) {
    const size_t begin = i;
    while (++i < truth.size() && truth[i] == truth[begin] && predicted[i] == predicted[begin]) continue;
    table.add(key_of(truth[begin], predicted[begin]), static_cast<int64_t>(i - begin));
  }
  return table.pairs();
}

}  // namespace glid
