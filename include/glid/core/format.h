// Text formatting: fmt under one name, so that it can become std::format.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace glid {

template <typename... Args>
std::string format(fmt::format_string<Args...> text, Args&&... args) {
  return fmt::format(text, std::forward<Args>(args)...);
}

}  // namespace glid
