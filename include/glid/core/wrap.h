// Text in lines for terminals.
#pragma once

#include <cstddef>
#include <string>

namespace glid {

// The words of a text in lines of at most `width` characters, each begun by `indent` blanks and ended by a newline; longer
// words stand alone, unless they can be parted behind a "|".
std::string wrapped(const std::string& text, size_t width, size_t indent);

}  // namespace glid
