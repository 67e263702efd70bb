// Texts with something between them.
#pragma once

#include <string>
#include <string_view>

namespace glid {

template <class Texts>
std::string join(const Texts& texts, std::string_view separator) {
  std::string joined;
  for (const auto& text : texts) {
    if (&text != &*texts.begin()) joined += separator;
    joined += text;
  }
  return joined;
}

}  // namespace glid
