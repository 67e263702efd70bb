#include "glid/formats/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <vector>

// One function compiled for several instruction sets, picked when the program starts; all give the same integers.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define GLID_CLONES __attribute__((target_clones("default", "sse4.1", "avx2")))
#else
#define GLID_CLONES
#endif

namespace glid {
namespace {

// Weights are integers with so many fractional bits: 8 for a pixel and 2 for overshoot are left of 32.
constexpr int kWeightBits = 32 - 8 - 2;
constexpr int32_t kHalf = 1 << (kWeightBits - 1);

double bilinear(double x) {
  x = std::abs(x);
  return x < 1 ? 1 - x : 0;
}

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

struct Kernel {
  double (*weight)(double);
  double support;  // in source pixels at scale 1
};

Kernel kernel_of(Filter filter) { return filter == Filter::kBilinear ? Kernel{bilinear, 1} : Kernel{bicubic, 2}; }

// Along one axis, output i = sum of weights[i * max_taps + t] * input[first[i] + t] over t < num_taps[i].
struct Taps {
  int64_t max_taps = 0;
  std::vector<int64_t> first, num_taps;
  std::vector<int32_t> weights;

  int64_t size() const { return static_cast<int64_t>(first.size()); }
  const int32_t* weights_of(int64_t i) const { return weights.data() + i * max_taps; }
  int64_t end() const { return first.back() + num_taps.back(); }
};

int32_t to_fixed(double weight) { return static_cast<int32_t>(weight * (1 << kWeightBits) + (weight < 0 ? -0.5 : 0.5)); }

Taps make_taps(int64_t in_size, float begin, float end, int64_t out_size, const Kernel& kernel) {
  const double scale = static_cast<double>(end - begin) / static_cast<double>(out_size);
  const double stretch = std::max(scale, 1.0);  // when shrinking, the kernel covers what an output pixel covers
  const double support = kernel.support * stretch;
  Taps taps;
  taps.max_taps = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
  taps.weights.resize(static_cast<size_t>(out_size * taps.max_taps));
  std::vector<double> weights(static_cast<size_t>(taps.max_taps));
  for (int64_t i = 0; i < out_size; ++i) {
    const double center = begin + (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(static_cast<int64_t>(center - support + 0.5), 0);
    const int64_t num = std::min(static_cast<int64_t>(center + support + 0.5), in_size) - first;
    double sum = 0;
    for (int64_t t = 0; t < num; ++t) {
      const double weight = kernel.weight((static_cast<double>(t + first) - center + 0.5) * (1.0 / stretch));
      sum += weights[static_cast<size_t>(t)] = weight;
    }
    taps.first.push_back(first);
    taps.num_taps.push_back(num);
    int32_t* fixed = taps.weights.data() + i * taps.max_taps;
    for (int64_t t = 0; t < num; ++t) fixed[t] = to_fixed(sum != 0 ? weights[t] / sum : weights[t]);
  }
  return taps;
}

uint8_t to_pixel(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255)); }

// Two image rows side by side, four channels a pixel (the last unused): one vector register, where there are such.
using Lanes = int32_t __attribute__((vector_size(32)));
constexpr Lanes kByteOfLane = {0, 8, 16, 24, 0, 8, 16, 24};  // in bits

// The four rows that are filtered at once.
struct alignas(32) LanePair {
  Lanes upper, lower;
};
constexpr int64_t kRowsAtOnce = 4;

// `num_bytes` is 4 where another pixel follows: one load.
template <size_t num_bytes>
[[gnu::always_inline]] inline void load_pixels(const uint8_t* a, const uint8_t* b, Lanes& lanes) {
  int32_t first = 0, second = 0;
  std::memcpy(&first, a, num_bytes);
  std::memcpy(&second, b, num_bytes);
  lanes = Lanes{first, first, first, first, second, second, second, second} >> kByteOfLane & 255;
}

// The fourth byte of a pixel is the next one's first, which is written after it.
template <size_t num_bytes>
[[gnu::always_inline]] inline void store_pixels(Lanes& lanes, uint8_t* a, uint8_t* b) {
  lanes <<= kByteOfLane;
  lanes |= __builtin_shuffle(lanes, Lanes{1, 0, 3, 2, 5, 4, 7, 6});
  lanes |= __builtin_shuffle(lanes, Lanes{2, 3, 0, 1, 6, 7, 4, 5});
  const int32_t first = lanes[0], second = lanes[4];
  std::memcpy(a, &first, num_bytes);
  std::memcpy(b, &second, num_bytes);
}

[[gnu::always_inline]] inline void to_pixels(Lanes& sums) {
  sums >>= kWeightBits;
  sums = sums < 0 ? Lanes{} : sums;
  sums = sums > 255 ? Lanes{} + 255 : sums;
}

template <size_t num_bytes>
[[gnu::always_inline]] inline void spread_pixel(const uint8_t* const* rows, int64_t x, LanePair& lanes) {
  load_pixels<num_bytes>(rows[0] + x * 3, rows[1] + x * 3, lanes.upper);
  load_pixels<num_bytes>(rows[2] + x * 3, rows[3] + x * 3, lanes.lower);
}

GLID_CLONES
void spread_rows(const uint8_t* const* rows, int64_t width, LanePair* lanes) {
  for (int64_t x = 0; x < width - 1; ++x) spread_pixel<4>(rows, x, lanes[x]);
  spread_pixel<3>(rows, width - 1, lanes[width - 1]);
}

// Takes max_taps pixels, the last of which may weigh 0: a count that changes costs more.
template <size_t num_bytes>
[[gnu::always_inline]] inline void filter_pixel(const LanePair* lanes, const Taps& taps, int64_t x, uint8_t* const* out) {
  const LanePair* in = lanes + taps.first[x];
  const int32_t* weights = taps.weights_of(x);
  Lanes upper = Lanes{} + kHalf, lower = upper;
  for (int64_t t = 0; t < taps.max_taps; ++t) {
    upper += in[t].upper * weights[t];
    lower += in[t].lower * weights[t];
  }
  to_pixels(upper);
  to_pixels(lower);
  store_pixels<num_bytes>(upper, out[0] + x * 3, out[1] + x * 3);
  store_pixels<num_bytes>(lower, out[2] + x * 3, out[3] + x * 3);
}

GLID_CLONES
void filter_lanes(const LanePair* lanes, const Taps& taps, uint8_t* const* out) {
  for (int64_t x = 0; x < taps.size() - 1; ++x) filter_pixel<4>(lanes, taps, x, out);
  filter_pixel<3>(lanes, taps, taps.size() - 1, out);
}

// Rows [first, end) of `image`, filtered along their width.
Image filter_rows(const Image& image, const Taps& taps, int64_t first, int64_t end) {
  Image out = Image::filled(end - first, taps.size(), 0);
  std::vector<LanePair> lanes(static_cast<size_t>(image.width + taps.max_taps));
  for (int64_t y = 0; y < out.height; y += kRowsAtOnce) {
    const uint8_t* from[kRowsAtOnce];
    uint8_t* to[kRowsAtOnce];
    for (int64_t r = 0; r < kRowsAtOnce; ++r) {
      const int64_t row = std::min(y + r, out.height - 1);  // a last row that is left over is done more than once
      from[r] = image.row(first + row);
      to[r] = out.row(row);
    }
    spread_rows(from, image.width, lanes.data());
    filter_lanes(lanes.data(), taps, to);
  }
  return out;
}

// One output row: the weighted sum of whole input rows, in blocks whose sums stay in registers.
GLID_CLONES
void blend_rows(const uint8_t* in, int64_t stride, const int32_t* weights, int64_t num_taps, uint8_t* out) {
  constexpr int64_t kBlock = 32;
  int64_t x = 0;
  for (; x + kBlock <= stride; x += kBlock) {
    std::array<int32_t, kBlock> sums;
    sums.fill(kHalf);
    for (int64_t t = 0; t < num_taps; ++t)
      for (int64_t i = 0; i < kBlock; ++i) sums[i] += in[t * stride + x + i] * weights[t];
    for (int64_t i = 0; i < kBlock; ++i) out[x + i] = to_pixel(sums[i]);
  }
  for (; x < stride; ++x) {
    int32_t sum = kHalf;
    for (int64_t t = 0; t < num_taps; ++t) sum += in[t * stride + x] * weights[t];
    out[x] = to_pixel(sum);
  }
}

// `image` filtered along its height; its row 0 is the source's row `skipped_rows`.
Image filter_columns(const Image& image, const Taps& taps, int64_t skipped_rows) {
  Image out = Image::filled(taps.size(), image.width, 0);
  for (int64_t y = 0; y < out.height; ++y)
    blend_rows(image.row(taps.first[y] - skipped_rows), image.width * 3, taps.weights_of(y), taps.num_taps[y], out.row(y));
  return out;
}

void check(const Image& image, int64_t height, int64_t width, const Box& box) {
  if (height <= 0 || width <= 0) throw std::invalid_argument("resize: a size must be positive");
  const bool inside = box.x0 >= 0 && box.y0 >= 0 && box.x1 <= static_cast<double>(image.width) &&
                      box.y1 <= static_cast<double>(image.height);
  if (!inside) throw std::invalid_argument("resize: the box leaves the image");
  if (!(box.x0 < box.x1 && box.y0 < box.y1)) throw std::invalid_argument("resize: the box is empty");
}

// The order matters because the values between the two passes are rounded to 8 bits. Since version 13, Pillow shrinks the
// height first when it shrinks by more than twice as many pixels as the width, whatever the box.
bool starts_with_height(const Image& image, int64_t height, int64_t width) {
  const int64_t fewer_rows = image.height - height;
  return fewer_rows > 0 && fewer_rows > 2 * (image.width - width);
}

}  // namespace

Image resize(const Image& image, int64_t height, int64_t width, Filter filter, const Box& source) {
  check(image, height, width, source);
  const auto x0 = static_cast<float>(source.x0), x1 = static_cast<float>(source.x1);
  const auto y0 = static_cast<float>(source.y0), y1 = static_cast<float>(source.y1);
  const bool same_width = width == image.width && x0 == 0 && x1 == static_cast<float>(width);
  const bool same_height = height == image.height && y0 == 0 && y1 == static_cast<float>(height);
  const Kernel kernel = kernel_of(filter);
  const Taps rows = make_taps(image.height, y0, y1, height, kernel);
  if (same_width) return same_height ? image : filter_columns(image, rows, 0);
  const Taps columns = make_taps(image.width, x0, x1, width, kernel);
  if (same_height) return filter_rows(image, columns, 0, image.height);
  if (starts_with_height(image, height, width)) {
    const Image flattened = filter_columns(image, rows, 0);
    return filter_rows(flattened, columns, 0, height);
  }
  const Image narrowed = filter_rows(image, columns, rows.first.front(), rows.end());
  return filter_columns(narrowed, rows, rows.first.front());
}

Image resize(const Image& image, int64_t height, int64_t width, Filter filter) {
  return resize(image, height, width, filter, {0, 0, static_cast<double>(image.width), static_cast<double>(image.height)});
}

Image scaled(const Image& image, double factor) {
  if (factor == 1) return image;
  const auto side = [&](int64_t px) { return std::max<int64_t>(1, std::llround(static_cast<double>(px) * factor)); };
  return resize(image, side(image.height), side(image.width), Filter::kBilinear);
}

}  // namespace glid
