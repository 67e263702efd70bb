#include "glid/core/progress_bar.h"

#include <algorithm>

#include "glid/core/format.h"

namespace glid {

std::string progress_bar(int64_t done, int64_t total) {
  constexpr int64_t kWidth = 30;
  const auto filled = static_cast<size_t>(kWidth * std::clamp<int64_t>(done, 0, total) / total);
  return format("[{}{}] {}/{}", std::string(filled, '#'), std::string(kWidth - filled, ' '), done, total);
}

}  // namespace glid
