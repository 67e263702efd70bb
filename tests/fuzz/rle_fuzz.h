// Input: height, width (a byte each), then a compressed mask, which is also read as runs of two bytes.
#pragma once

#include <string_view>
#include <vector>

#include "fuzz/law.h"
#include "glid/core/error.h"
#include "glid/geometry/rle.h"

namespace glid {

inline void check_mask_laws(const Rle& rle) {
  const std::vector<uint8_t> mask = mask_from_rle(rle);
  expect_law(rle_from_string(rle_to_string(rle), rle.height, rle.width) == rle, "a string holds all runs");
  const BoxedRle once = boxed(rle), again = boxed(rle_from_mask(mask, rle.height, rle.width));
  expect_law(mask_from_rle(again.rle) == mask, "decoding undoes encoding");
  expect_law(once.area == again.area && again.rle.counts.size() <= rle.counts.size() + 1, "the same mask in no more runs");
  expect_law(once.area == 0 || rle_iou(once, once, true) == 1, "a mask is itself");
  const std::vector<Rle> both{rle, again.rle};
  expect_law(mask_from_rle(rle_union(both)) == mask, "a union with itself changes nothing");
  expect_law(mask_from_rle(rle_intersection(both)) == mask, "an intersection with itself changes nothing");
  const BoxedRle rest = boxed({rle.height, rle.width, [&] {
                                 std::vector<uint32_t> counts{0};
                                 counts.insert(counts.end(), rle.counts.begin(), rle.counts.end());
                                 return counts;
                               }()});
  expect_law(rle_iou(once, rest, false) == 0, "a mask and its complement share nothing");
  expect_law(once.area + rest.area == mask.size(), "a mask and its complement are everything");
}

inline void fuzz_rle(std::string_view bytes) {
  if (bytes.size() < 2) return;
  const int64_t height = static_cast<uint8_t>(bytes[0]), width = static_cast<uint8_t>(bytes[1]);
  bytes.remove_prefix(2);
  std::vector<int64_t> counts;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2)
    counts.push_back(static_cast<uint8_t>(bytes[i]) + 256 * static_cast<signed char>(bytes[i + 1]));
  try {
    check_mask_laws(rle_from_counts(counts, height, width));
  } catch (const DataError&) {}
  try {
    check_mask_laws(rle_from_string(bytes, height, width));
  } catch (const DataError&) {}
}

}  // namespace glid
