// What reports say of things that are odd and were met many times: how many, and where the first one stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "glid/core/format.h"

namespace glid {

struct Tally {
  int64_t count = 0;
  std::string first;  // "annotation 17 (id 908): image_id 4"
  bool operator==(const Tally&) const = default;

  void add(std::string example) {
    if (++count == 1) first = std::move(example);
  }
  // "3 annotations without ... (first: annotation 17 (id 908): image_id 4)"
  std::string line(std::string_view what) const { return format("{} {} (first: {})", count, what, first); }
};

}  // namespace glid
