// Numbers of things in words.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "glid/core/format.h"

namespace glid {

// "1 image", "2 images", "0 images"; for words that take more than an s: counted(2, "class", "classes").
template <std::integral Count>
std::string counted(Count count, std::string_view one, std::string_view many = {}) {
  if (count == 1) return format("1 {}", one);
  return many.empty() ? format("{} {}s", count, one) : format("{} {}", count, many);
}

}  // namespace glid
