#include "glid/data/epoch_order.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>
#include <numeric>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/rng.h"
#include "glid/data/dataset.h"

namespace glid {
namespace {

template <class Id>
std::vector<Id> shuffled(int64_t size, uint64_t seed, int64_t epoch) {
  std::vector<Id> ids(static_cast<size_t>(size));
  std::iota(ids.begin(), ids.end(), Id{0});
  Rng rng(seed, static_cast<uint64_t>(epoch), 0, RandomOp::kPermutation);
  shuffle(ids, rng);
  return ids;
}

// What the last two epochs asked for need: batches of two are in the making at an epoch's end.
template <class Value>
class OfEpoch {
 public:
  std::shared_ptr<const Value> get(int64_t epoch, auto make) {
    std::lock_guard lock(mutex_);
    for (const auto& [known, value] : recent_)
      if (known == epoch) return value;
    if (recent_.size() == 2) recent_.erase(recent_.begin());
    auto value = std::make_shared<const Value>(make());
    recent_.emplace_back(epoch, value);
    return value;
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<int64_t, std::shared_ptr<const Value>>> recent_;
};

class ShuffledOrder : public EpochOrder {
 public:
  ShuffledOrder(int64_t size, uint64_t seed) : size_(size), seed_(seed) {
    if (size > int64_t{std::numeric_limits<uint32_t>::max()})
      throw DataError("data", "has too many samples to shuffle", std::to_string(size), "put them into shards");
  }

  int64_t id(int64_t epoch, int64_t position) const override {
    return (*ids_.get(epoch, [&] { return shuffled<uint32_t>(size_, seed_, epoch); }))[static_cast<size_t>(position)];
  }

 private:
  int64_t size_;
  uint64_t seed_;
  mutable OfEpoch<std::vector<uint32_t>> ids_;
};

// One epoch's blocks in their order.
struct BlockOrder {
  std::vector<int64_t> blocks;
  std::vector<int64_t> begins;  // of each in the epoch, and the end of the last
};

class BlockwiseOrder : public EpochOrder {
 public:
  BlockwiseOrder(uint64_t seed, Blocks blocks) : seed_(seed), blocks_(std::move(blocks)) {}

  int64_t id(int64_t epoch, int64_t position) const override {
    const auto order = orders_.get(epoch, [&] { return order_of(epoch); });
    const int64_t window = block_at(*order, position) / blocks_.window;
    const int64_t begin = begin_of(*order, window), end = begin_of(*order, window + 1);
    const int64_t mixed = begin + mixer(epoch, window, end - begin)(position - begin);
    const auto block = static_cast<size_t>(block_at(*order, mixed));
    return begin_of(order->blocks[block]) + mixed - order->begins[block];
  }

 private:
  int64_t begin_of(int64_t block) const { return block == 0 ? 0 : blocks_.ends[static_cast<size_t>(block - 1)]; }
  int64_t begin_of(const BlockOrder& order, int64_t window) const {
    return order.begins[std::min(order.blocks.size(), static_cast<size_t>(window * blocks_.window))];
  }

  // The place in the order of the block that `position` falls into.
  static int64_t block_at(const BlockOrder& order, int64_t position) {
    return std::ranges::upper_bound(order.begins, position) - order.begins.begin() - 1;
  }

  BlockOrder order_of(int64_t epoch) const {
    BlockOrder order{shuffled<int64_t>(std::ssize(blocks_.ends), seed_, epoch), {0}};
    for (const int64_t block : order.blocks)
      order.begins.push_back(order.begins.back() + blocks_.ends[static_cast<size_t>(block)] - begin_of(block));
    return order;
  }

  Mixer mixer(int64_t epoch, int64_t window, int64_t size) const {
    Rng rng(seed_, static_cast<uint64_t>(epoch), static_cast<uint64_t>(1 + window), RandomOp::kPermutation);
    const uint32_t low = rng.next(), high = rng.next();
    return {size, {low, high}};
  }

  uint64_t seed_;
  Blocks blocks_;
  mutable OfEpoch<BlockOrder> orders_;
};

}  // namespace

Mixer::Mixer(int64_t size, const std::array<uint32_t, 2>& key)
    : size_(static_cast<uint64_t>(size)),
      key_(key),
      half_bits_(std::max<uint32_t>(1, (static_cast<uint32_t>(std::bit_width(size_ - 1)) + 1) / 2)) {}

int64_t Mixer::operator()(int64_t position) const {
  auto value = static_cast<uint64_t>(position);
  do value = encrypt(value);
  while (value >= size_);
  return static_cast<int64_t>(value);
}

uint64_t Mixer::encrypt(uint64_t value) const {
  constexpr uint32_t kRounds = 8;
  const auto mask = static_cast<uint32_t>((uint64_t{1} << half_bits_) - 1);
  auto left = static_cast<uint32_t>(value >> half_bits_), right = static_cast<uint32_t>(value) & mask;
  for (uint32_t round = 0; round < kRounds; ++round)
    left = std::exchange(right, left ^ (philox({right, round, 0, 0}, key_)[0] & mask));
  return uint64_t{left} << half_bits_ | right;
}

std::unique_ptr<const EpochOrder> make_epoch_order(int64_t size, uint64_t seed, const Blocks& blocks) {
  if (blocks.ends.empty()) return std::make_unique<ShuffledOrder>(size, seed);
  return std::make_unique<BlockwiseOrder>(seed, blocks);
}

std::vector<int64_t> epoch_permutation(int64_t size, uint64_t seed, int64_t epoch) {
  return shuffled<int64_t>(size, seed, epoch);
}

Blocks blocks_of(const Dataset& dataset) {
  const auto* in_blocks = dynamic_cast<const InBlocks*>(&dataset);
  return in_blocks ? in_blocks->blocks() : Blocks();
}

}  // namespace glid
