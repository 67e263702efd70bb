// Input: a PNG file, read as labels, segment ids, depth and picture.
#pragma once

#include <string>
#include <string_view>

#include "fuzz/law.h"
#include "glid/core/error.h"
#include "glid/formats/depth_map.h"
#include "glid/formats/label_map.h"
#include "glid/formats/png.h"

namespace glid {

inline void fuzz_png_label(std::string_view bytes) {
  try {
    const LabelMap map = decode_label_png(bytes, "fuzz");
    expect_law(decode_label_png(encode_label_png(map), "fuzz") == map, "what was written is read again");
  } catch (const DataError&) {}
  try {
    const IdMap map = decode_panoptic_png(bytes, "fuzz");
    expect_law(decode_panoptic_png(encode_panoptic_png(map), "fuzz") == map, "what was written is read again");
  } catch (const DataError&) {}
  try {
    const DepthMap map = decode_depth_png(bytes, 1000, "fuzz");
    expect_law(decode_depth_png(encode_depth_png(map, 1000), 1000, "fuzz").metres == map.metres, "millimetres are exact");
  } catch (const DataError&) {}
  try {
    decode_png(bytes, "fuzz");
  } catch (const DataError&) {}
}

}  // namespace glid
