// Names as the pictures' font can draw them: it has ASCII alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace glid {

// Latin letters without their accents, quotes and dashes as ASCII has them; a run of anything else becomes one underscore.
// `bytes` may be no UTF-8.
std::string drawable_text(std::string_view bytes);

// The name as drawable_text() gives it, or `class <number>` where that would lose letters of other scripts.
std::string class_label(std::string_view name, int64_t number);

}  // namespace glid
