// What label and depth PNGs share: one stored number a pixel.
#pragma once

#include <string>
#include <string_view>

#include "glid/formats/label_map.h"

namespace glid {

struct SamplePng {
  LabelMap map;
  int bit_depth = 8;
  bool is_palette = false;
};

// Grey and palette PNGs as read_label_png describes; `hint` tells users of other colours what to store.
SamplePng decode_sample_png(std::string_view bytes, const std::string& where, const char* hint);

// Grey of 8 or 16 bits.
std::string encode_sample_png(const LabelMap& map, int bit_depth);

}  // namespace glid
