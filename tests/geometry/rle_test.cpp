#include "glid/geometry/rle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/rng.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

Rle from_counts(const std::vector<int64_t>& counts, int64_t height, int64_t width) {
  return rle_from_counts(counts, height, width);
}

struct Mask {
  int64_t height, width;
  std::vector<uint8_t> pixels;

  bool at(int64_t y, int64_t x) const { return pixels[static_cast<size_t>(y * width + x)] != 0; }
  Rle rle() const { return rle_from_mask(pixels, height, width); }
};

// Noise, blots, or one value everywhere.
Mask random_mask(Rng& rng, int64_t height, int64_t width) {
  Mask mask{height, width, std::vector<uint8_t>(static_cast<size_t>(height * width))};
  const double share = static_cast<double>(rng.below(5)) / 4;
  const bool is_blot = rng.below(2) == 1;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      mask.pixels[static_cast<size_t>(y * width + x)] =
          is_blot ? (x - width / 2) * (x - width / 2) + (y - 3) * (y - 3) < 40 : rng.uniform() < share;
  return mask;
}

Mask random_mask(Rng& rng) {
  return random_mask(rng, static_cast<int64_t>(rng.below(20)) + 1, static_cast<int64_t>(rng.below(150)) + 1);
}

TEST(Rle, RunsGoDownTheColumns) {
  const std::vector<uint8_t> mask{1, 0,   //
                                  1, 1};  //
  EXPECT_THAT(rle_from_mask(mask, 2, 2).counts, ElementsAre(0, 2, 1, 1));
  EXPECT_THAT(rle_from_mask(std::vector<uint8_t>(6, 0), 2, 3).counts, ElementsAre(6));
  EXPECT_THAT(rle_from_mask(std::vector<uint8_t>(6, 7), 2, 3).counts, ElementsAre(0, 6));
  EXPECT_THAT(rle_from_mask({}, 0, 3).counts, ElementsAre(0));
  EXPECT_THROW(rle_from_mask(mask, 2, 3), std::invalid_argument);
}

// The strings are pycocotools'.
TEST(Rle, CompressedStrings) {
  const auto round_trip = [](const char* text, const std::vector<uint32_t>& counts, int64_t height, int64_t width) {
    const Rle rle = rle_from_string(text, height, width);
    EXPECT_EQ(rle.counts, counts);
    EXPECT_EQ(rle_to_string(rle), text);
  };
  round_trip("021O", {0, 2, 1, 1}, 2, 2);
  round_trip("m3S150Sh1", {125, 35, 5, 35, 1800}, 40, 50);
  round_trip("623O:", {6, 2, 3, 1, 13}, 5, 5);
  round_trip("`0", {16}, 4, 4);
  round_trip("", {}, 0, 5);
}

TEST(Rle, DecodingUndoesEncoding) {
  Rng rng(1, 0, 0, RandomOp::kExample);
  for (int trial = 0; trial < 300; ++trial) {
    const Mask mask = random_mask(rng);
    const Rle rle = mask.rle();
    EXPECT_EQ(mask_from_rle(rle), mask.pixels);
    EXPECT_EQ(rle_from_string(rle_to_string(rle), mask.height, mask.width), rle);
    EXPECT_EQ(from_counts({rle.counts.begin(), rle.counts.end()}, mask.height, mask.width), rle);
  }
}

TEST(Rle, LargestRunsSurviveTheString) {
  const Rle rle{65535, 65537, {1, 4294967293, 1, 0, 0, 0}};  // 2^32 - 1 pixels
  EXPECT_EQ(rle_from_string(rle_to_string(rle), rle.height, rle.width), rle);
  EXPECT_EQ(rle_area(rle), 4294967293u);
}

TEST(Rle, AreaAndBoxArePixelLoops) {
  Rng rng(2, 0, 0, RandomOp::kExample);
  for (int trial = 0; trial < 300; ++trial) {
    const Mask mask = random_mask(rng);
    uint64_t area = 0;
    int64_t x0 = mask.width, y0 = mask.height, x1 = -1, y1 = -1;
    for (int64_t y = 0; y < mask.height; ++y)
      for (int64_t x = 0; x < mask.width; ++x)
        if (mask.at(y, x)) {
          ++area;
          x0 = std::min(x0, x), x1 = std::max(x1, x), y0 = std::min(y0, y), y1 = std::max(y1, y);
        }
    // A run over the end of a column is taken to fill the box's height, and here it does: both ends are edges.
    const BoxXywh expected = area == 0 ? BoxXywh{}
                                       : to_xywh({static_cast<double>(x0), static_cast<double>(y0),
                                                  static_cast<double>(x1 + 1), static_cast<double>(y1 + 1)});
    EXPECT_EQ(rle_area(mask.rle()), area);
    EXPECT_EQ(rle_box(mask.rle()), expected);
  }
}

TEST(Rle, BoxByHand) {
  EXPECT_EQ(rle_box(from_counts({125, 35, 5, 35, 1800}, 40, 50)), (BoxXywh{3, 5, 2, 35}));
  EXPECT_EQ(rle_box(from_counts({3, 2, 7}, 4, 3)), (BoxXywh{0, 0, 2, 4}));        // over the end of a column
  EXPECT_EQ(rle_box(from_counts({2, 0, 6, 1, 3}, 4, 3)), (BoxXywh{2, 0, 1, 1}));  // empty runs don't count
  EXPECT_EQ(rle_box(from_counts({6, 0, 6}, 4, 3)), BoxXywh{});
  EXPECT_EQ(rle_box(from_counts({12}, 4, 3)), BoxXywh{});
  EXPECT_EQ(rle_box({0, 0, {}}), BoxXywh{});
}

TEST(Rle, UnionAndIntersectionArePixelLoops) {
  Rng rng(3, 0, 0, RandomOp::kExample);
  for (int trial = 0; trial < 200; ++trial) {
    Mask any = random_mask(rng), all = any;
    std::vector<Rle> masks{any.rle()};
    for (uint64_t i = rng.below(4); i > 0; --i) {
      const Mask next = random_mask(rng, any.height, any.width);
      masks.push_back(next.rle());
      for (size_t p = 0; p < next.pixels.size(); ++p) {
        any.pixels[p] |= next.pixels[p];
        all.pixels[p] &= next.pixels[p];
      }
    }
    EXPECT_EQ(rle_union(masks), any.rle());
    EXPECT_EQ(rle_intersection(masks), all.rle());
  }
}

TEST(Rle, MergingBridgesEmptyRunsInBoth) {
  const std::vector<Rle> masks{from_counts({2, 0, 2, 2}, 2, 3), from_counts({2, 0, 1, 3}, 2, 3)};
  EXPECT_EQ(mask_from_rle(rle_union(masks)), mask_from_rle(from_counts({3, 3}, 2, 3)));
  EXPECT_EQ(mask_from_rle(rle_intersection(masks)), mask_from_rle(from_counts({4, 2}, 2, 3)));
}

TEST(Rle, IouByHand) {
  const BoxedRle a = boxed(from_counts({0, 6, 6}, 3, 4)), b = boxed(from_counts({3, 6, 3}, 3, 4));
  EXPECT_EQ(rle_iou(a, b, false), 3.0 / 9.0);
  EXPECT_EQ(rle_iou(a, b, true), 3.0 / 6.0);
  EXPECT_EQ(rle_iou(a, a, false), 1);
  const BoxedRle none = boxed(from_counts({12}, 3, 4));
  EXPECT_EQ(rle_iou(none, none, false), 0);
  EXPECT_EQ(rle_iou(none, a, true), 0);
}

TEST(Rle, IouIsAreasOfIntersectionAndUnion) {
  Rng rng(4, 0, 0, RandomOp::kExample);
  for (int trial = 0; trial < 200; ++trial) {
    const Mask a = random_mask(rng), b = random_mask(rng, a.height, a.width);
    const std::vector<Rle> both{a.rle(), b.rle()};
    const auto common = static_cast<double>(rle_area(rle_intersection(both)));
    const auto any = static_cast<double>(rle_area(rle_union(both)));
    EXPECT_EQ(rle_iou(boxed(both[0]), boxed(both[1]), false), common == 0 ? 0 : common / any);
    if (common == 0) continue;
    EXPECT_EQ(rle_iou(boxed(both[0]), boxed(both[1]), true), common / static_cast<double>(rle_area(both[0])));
  }
}

TEST(RleErrors, Counts) {
  EXPECT_EQ(error_of([] {
              from_counts({5, 6}, 2, 5);
            }),
            "has run lengths longer than the 10 pixels of its image (got 5 and more, at run 1)");
  EXPECT_EQ(error_of([] { from_counts({5, 4}, 2, 5); }), "has run lengths shorter than the 10 pixels of its image (got 9)");
  EXPECT_EQ(error_of([] { from_counts({5, -1, 6}, 2, 5); }), "has a negative run length as number 1 (got -1)");
  EXPECT_THAT(error_of([] { from_counts({1, INT64_MAX}, 2, 5); }), HasSubstr("longer"));
}

TEST(RleErrors, Strings) {
  EXPECT_THAT(error_of([] { rle_from_string("021O", 2, 1); }), HasSubstr("longer than the 2 pixels"));
  EXPECT_THAT(error_of([] { rle_from_string("021O", 2, 3); }), HasSubstr("shorter than the 6 pixels"));
  EXPECT_THAT(error_of([] { rle_from_string("02O", 2, 2); }), HasSubstr("negative run length as number 2 (got -1)"));
  EXPECT_EQ(error_of([] { rle_from_string("m3S", 40, 50); }), "has a compressed mask that is cut inside of a number");
  EXPECT_EQ(error_of([] { rle_from_string("m3\"", 40, 50); }),
            "has a compressed mask with a byte that stands for nothing (got 0x22)");
  EXPECT_THAT(error_of([] { rle_from_string("m3p", 40, 50); }), HasSubstr("0x70"));
  EXPECT_THAT(error_of([] { rle_from_string("m3\xFF", 40, 50); }), HasSubstr("0xff"));
  EXPECT_EQ(error_of([] { rle_from_string("ooooooooo0", 40, 50); }),
            "has a compressed mask with a number of more than 32 bits");
}

TEST(RleErrors, EveryCutStringIsAnError) {
  const std::string text = "m3S150Sh1";
  for (size_t length = 0; length < text.size(); ++length)
    EXPECT_THROW(rle_from_string(text.substr(0, length), 40, 50), DataError) << length;
}

TEST(RleErrors, Sizes) {
  EXPECT_EQ(error_of([] { from_counts({}, -1, 5); }), "has an impossible mask size (got -1 x 5)");
  EXPECT_THAT(error_of([] { from_counts({}, 65536, 65536); }), HasSubstr("impossible mask size"));
  EXPECT_THAT(error_of([] { from_counts({}, INT64_MAX, INT64_MAX); }), HasSubstr("impossible mask size"));
  const std::vector<Rle> masks{from_counts({6}, 2, 3), from_counts({6}, 3, 2)};
  EXPECT_EQ(error_of([&] { rle_union(masks); }), "has a mask of another size than the one it meets (got 2 x 3 and 3 x 2)");
  EXPECT_THAT(error_of([&] { rle_iou(boxed(masks[0]), boxed(masks[1]), false); }), HasSubstr("another size"));
}

TEST(RleErrors, MistakesOfTheProgram) {
  EXPECT_THROW(rle_union({}), std::invalid_argument);
  EXPECT_THROW(rle_intersection({}), std::invalid_argument);
  const std::vector<Rle> broken(2, Rle{2, 2, {1}});
  EXPECT_THROW(rle_union(broken), std::invalid_argument);
  EXPECT_THROW(mask_from_rle({2, 2, {1, 9}}), std::invalid_argument);
  EXPECT_THROW(rle_box({0, 0, {1, 9}}), std::invalid_argument);
}

}  // namespace
}  // namespace glid
