#include "glid/geometry/rle.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

// The compressed form: groups of five bits, low first, each in one character from '0' on; bit 5 says that more follow.
constexpr int kGroupBits = 5;
constexpr int64_t kGroupMask = 0x1f;
constexpr int64_t kGroupSign = 0x10;
constexpr int64_t kGroupMore = 0x20;
constexpr char kGroupZero = '0';
constexpr char kGroupLast = kGroupZero + 0x3f;
constexpr size_t kMaxGroups = 7;  // a difference of two 32-bit runs has 33 bits

// Appends runs and keeps their sum within the image.
class Appender {
 public:
  Appender(int64_t height, int64_t width) : num_pixels_(num_mask_pixels(height, width)), rle_{height, width, {}} {}

  void reserve(size_t num_runs) { rle_.counts.reserve(num_runs); }
  const std::vector<uint32_t>& counts() const { return rle_.counts; }

  void append(int64_t run) {
    if (run < 0 || run > num_pixels_ - sum_) refuse(run);
    sum_ += run;
    rle_.counts.push_back(static_cast<uint32_t>(run));
  }

  Rle finish() && {
    if (sum_ < num_pixels_)
      throw DataError("", format("has run lengths shorter than the {} pixels of its image", num_pixels_),
                      format("{}", sum_));
    return std::move(rle_);
  }

 private:
  [[noreturn]] void refuse(int64_t run) const {
    if (run < 0) throw DataError("", format("has a negative run length as number {}", counts().size()), format("{}", run));
    throw DataError("", format("has run lengths longer than the {} pixels of its image", num_pixels_),
                    format("{} and more, at run {}", sum_, counts().size()));
  }

  int64_t num_pixels_;
  int64_t sum_ = 0;
  Rle rle_;
};

size_t count_numbers(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !((c - kGroupZero) & kGroupMore); }));
}

[[noreturn]] void refuse_byte(char c) {
  throw DataError("", "has a compressed mask with a byte that stands for nothing",
                  format("{:#04x}", static_cast<uint8_t>(c)));
}

// Takes one number off the front of `text`, which isn't empty.
int64_t take_number(std::string_view& text) {
  int64_t value = 0;
  int shift = 0;
  for (size_t i = 0; i < std::min(text.size(), kMaxGroups); ++i) {
    if (text[i] < kGroupZero || text[i] > kGroupLast) refuse_byte(text[i]);
    const int64_t bits = text[i] - kGroupZero;
    value |= (bits & kGroupMask) << shift;
    shift += kGroupBits;
    if (bits & kGroupMore) continue;
    text.remove_prefix(i + 1);
    return bits & kGroupSign ? value | -(int64_t{1} << shift) : value;
  }
  if (text.size() < kMaxGroups) throw DataError("", "has a compressed mask that is cut inside of a number");
  throw DataError("", "has a compressed mask with a number of more than 32 bits");
}

void put_number(int64_t value, std::string& text) {
  bool is_last = false;
  while (!is_last) {
    int64_t bits = value & kGroupMask;
    value >>= kGroupBits;
    is_last = value == (bits & kGroupSign ? -1 : 0);
    if (!is_last) bits |= kGroupMore;
    text += static_cast<char>(kGroupZero + bits);
  }
}

// A strip of columns of a mask, as 0 and 1, column after column.
class Strip {
 public:
  static constexpr int64_t kColumns = 64;

  Strip(int64_t height, int64_t width) : height_(height), pixels_(static_cast<size_t>(height * std::min(kColumns, width))) {}

  std::span<const uint8_t> load(const uint8_t* mask, int64_t width, int64_t first, int64_t num_columns) {
    for (int64_t y = 0; y < height_; ++y)
      for (int64_t x = 0; x < num_columns; ++x)
        pixels_[static_cast<size_t>(x * height_ + y)] = mask[y * width + first + x] != 0;
    return {pixels_.data(), static_cast<size_t>(num_columns * height_)};
  }

 private:
  int64_t height_;
  std::vector<uint8_t> pixels_;
};

// Runs that are still open at the end of a strip go on in the next one.
class RunCounter {
 public:
  void count(std::span<const uint8_t> pixels) {
    while (!pixels.empty()) {
      const void* change = std::memchr(pixels.data(), !value_, pixels.size());
      const size_t length =
          change ? static_cast<size_t>(static_cast<const uint8_t*>(change) - pixels.data()) : pixels.size();
      open_ += static_cast<uint32_t>(length);
      if (change) close();
      pixels = pixels.subspan(length);
    }
  }

  std::vector<uint32_t> finish() && {
    close();
    return std::move(counts_);
  }

 private:
  void close() {
    counts_.push_back(open_);
    open_ = 0;
    value_ = !value_;
  }

  uint8_t value_ = 0;
  uint32_t open_ = 0;
  std::vector<uint32_t> counts_;
};

void fill(std::vector<uint8_t>& mask, const Rle& size, uint32_t begin, uint32_t end) {
  const auto height = static_cast<uint32_t>(size.height);
  uint32_t x = begin / height, y = begin % height;
  for (uint32_t pixel = begin; pixel < end; ++pixel) {
    mask[static_cast<size_t>(y) * static_cast<size_t>(size.width) + x] = 1;
    if (++y == height) ++x, y = 0;
  }
}

// Calls visit(begin, end) for every foreground run that isn't empty.
template <typename Visit>
void for_each_run(const Rle& rle, Visit visit) {
  uint32_t end = 0;
  for (size_t i = 1; i < rle.counts.size(); i += 2) {
    const uint32_t begin = end + rle.counts[i - 1];
    end = begin + rle.counts[i];
    if (end > begin) visit(begin, end);
  }
}

void check_runs(const Rle& rle) {
  const uint64_t sum = std::accumulate(rle.counts.begin(), rle.counts.end(), uint64_t{0});
  if (sum != num_mask_pixels(rle.height, rle.width))
    throw std::invalid_argument(format("Rle: runs of {} pixels for {} x {}", sum, rle.height, rle.width));
}

void check_same_size(const Rle& a, const Rle& b) {
  if (a.height != b.height || a.width != b.width)
    throw DataError("", "has a mask of another size than the one it meets",
                    format("{} x {} and {} x {}", a.height, a.width, b.height, b.width));
}

// The run of a mask that a walk along its pixels stands in. The walk never leaves the mask.
class Walk {
 public:
  explicit Walk(const std::vector<uint32_t>& counts) : counts_(counts.data()), left_(counts[0]) {}

  uint32_t left() const { return left_; }
  bool value() const { return index_ % 2 == 1; }

  void advance(uint32_t pixels) {
    const bool is_over = left_ == pixels;
    index_ += is_over;
    left_ = is_over ? counts_[index_] : left_ - pixels;
  }

 private:
  const uint32_t* counts_;
  uint32_t left_;
  size_t index_ = 0;
};

// One run at each change of op(a, b). Noise makes every branch of the loop a guess, so it has only the one that ends it.
template <typename Op>
void merge(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b, uint32_t num_pixels, std::vector<uint32_t>& out,
           Op op) {
  out.assign(a.size() + b.size() + 1, 0);
  size_t num_runs = 0;
  if (num_pixels > 0) {
    Walk walk_a(a), walk_b(b);
    bool value = false;
    for (uint32_t rest = num_pixels;;) {
      const uint32_t step = std::min(walk_a.left(), walk_b.left());
      out[num_runs] += step;
      rest -= step;
      if (rest == 0) break;
      walk_a.advance(step);
      walk_b.advance(step);
      const bool is_change = op(walk_a.value(), walk_b.value()) != value;
      num_runs += is_change;
      value ^= is_change;
    }
  }
  out.resize(num_runs + 1);
}

template <typename Op>
Rle merge_all(std::span<const Rle> masks, Op op) {
  if (masks.empty()) throw std::invalid_argument("rle_union, rle_intersection: no masks");
  for (const Rle& mask : masks) check_runs(mask);
  Rle all = masks[0];
  const uint32_t num_pixels = num_mask_pixels(all.height, all.width);
  std::vector<uint32_t> merged;
  for (const Rle& mask : masks.subspan(1)) {
    check_same_size(all, mask);
    merge(all.counts, mask.counts, num_pixels, merged, op);
    all.counts.swap(merged);
  }
  return all;
}

// The foreground runs of a mask, one after the other.
class Foreground {
 public:
  explicit Foreground(const Rle& rle) : next_(rle.counts.data()), last_(next_ + rle.counts.size() / 2 * 2) {}

  uint32_t begin() const { return begin_; }
  uint32_t end() const { return end_; }

  bool advance() {
    if (next_ == last_) return false;
    begin_ = end_ + next_[0];
    end_ = begin_ + next_[1];
    next_ += 2;
    return true;
  }

 private:
  const uint32_t* next_;
  const uint32_t* last_;
  uint32_t begin_ = 0, end_ = 0;
};

uint64_t count_common(const Rle& rle_a, const Rle& rle_b) {
  Foreground a(rle_a), b(rle_b);
  uint64_t num_common = 0;
  bool more = a.advance() && b.advance();
  while (more) {
    const uint32_t begin = std::max(a.begin(), b.begin()), end = std::min(a.end(), b.end());
    num_common += end > begin ? end - begin : 0;
    more = a.end() < b.end() ? a.advance() : b.advance();
  }
  return num_common;
}

}  // namespace

uint32_t num_mask_pixels(int64_t height, int64_t width) {
  constexpr int64_t kMax = std::numeric_limits<uint32_t>::max();
  if (height < 0 || width < 0 || (width > 0 && height > kMax / width))
    throw DataError("", "has an impossible mask size", format("{} x {}", height, width));
  return static_cast<uint32_t>(height * width);
}

Rle rle_from_mask(std::span<const uint8_t> mask, int64_t height, int64_t width) {
  if (mask.size() != num_mask_pixels(height, width))
    throw std::invalid_argument(format("rle_from_mask: {} pixels for {} x {}", mask.size(), height, width));
  Strip strip(height, width);
  RunCounter runs;
  for (int64_t first = 0; first < width; first += Strip::kColumns)
    runs.count(strip.load(mask.data(), width, first, std::min(Strip::kColumns, width - first)));
  return {height, width, std::move(runs).finish()};
}

std::vector<uint8_t> mask_from_rle(const Rle& rle) {
  check_runs(rle);
  std::vector<uint8_t> mask(num_mask_pixels(rle.height, rle.width));
  for_each_run(rle, [&](uint32_t begin, uint32_t end) { fill(mask, rle, begin, end); });
  return mask;
}

Rle rle_from_counts(std::span<const int64_t> counts, int64_t height, int64_t width) {
  Appender runs(height, width);
  runs.reserve(counts.size());
  for (const int64_t run : counts) runs.append(run);
  return std::move(runs).finish();
}

Rle rle_from_string(std::string_view compressed, int64_t height, int64_t width) {
  Appender runs(height, width);
  runs.reserve(count_numbers(compressed));
  while (!compressed.empty()) {
    const int64_t number = take_number(compressed);
    const auto& counts = runs.counts();
    runs.append(counts.size() > 2 ? number + counts[counts.size() - 2] : number);
  }
  return std::move(runs).finish();
}

std::string rle_to_string(const Rle& rle) {
  std::string text;
  const auto& counts = rle.counts;
  text.reserve(counts.size() * 2);
  for (size_t i = 0; i < counts.size(); ++i) put_number(counts[i] - int64_t{i > 2 ? counts[i - 2] : 0}, text);
  return text;
}

uint64_t rle_area(const Rle& rle) {
  uint64_t area = 0;
  for (size_t i = 1; i < rle.counts.size(); i += 2) area += rle.counts[i];
  return area;
}

BoxXywh rle_box(const Rle& rle) {
  check_runs(rle);
  const auto height = static_cast<uint32_t>(rle.height), width = static_cast<uint32_t>(rle.width);
  uint32_t x0 = width, y0 = height, x1 = 0, y1 = 0;  // of pixels, ends included
  for_each_run(rle, [&](uint32_t begin, uint32_t end) {
    const uint32_t first_x = begin / height, last_x = (end - 1) / height;
    const bool is_one_column = first_x == last_x;
    x0 = std::min(x0, first_x);
    x1 = last_x;
    y0 = is_one_column ? std::min(y0, begin - first_x * height) : 0;
    y1 = is_one_column ? std::max(y1, end - 1 - last_x * height) : height - 1;
  });
  if (x0 == width) return {};
  return {static_cast<double>(x0), static_cast<double>(y0), static_cast<double>(x1 - x0) + 1,
          static_cast<double>(y1 - y0) + 1};
}

Rle rle_union(std::span<const Rle> masks) { return merge_all(masks, std::logical_or<>()); }

Rle rle_intersection(std::span<const Rle> masks) { return merge_all(masks, std::logical_and<>()); }

BoxedRle boxed(Rle rle) {
  const BoxXywh box = rle_box(rle);
  const uint64_t area = rle_area(rle);
  return {std::move(rle), box, area};
}

double rle_iou(const BoxedRle& detection, const BoxedRle& truth, bool truth_is_crowd) {
  check_same_size(detection.rle, truth.rle);
  if (coco_iou(detection.box, truth.box, truth_is_crowd) == 0) return 0;
  const uint64_t common = count_common(detection.rle, truth.rle);
  const uint64_t whole = truth_is_crowd ? detection.area : detection.area + truth.area - common;
  return common == 0 ? 0 : static_cast<double>(common) / static_cast<double>(whole);
}

}  // namespace glid
