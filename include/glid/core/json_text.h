// What people's editors and programs put around the JSON of a file.
#pragma once

#include <string>
#include <string_view>

namespace glid {

// The text behind the byte order mark that some editors begin UTF-8 with.
std::string_view without_byte_order_mark(std::string_view text);
// The same of a text that must be UTF-8: throws DataError (where: empty) for the marks of UTF-16.
std::string_view utf8_of(std::string_view text);

// For a text that is not valid JSON: throws DataError when it is some that more text follows, as in files that were appended
// to or that hold a record a line.
void require_no_text_behind(std::string_view json, const std::string& where);

}  // namespace glid
