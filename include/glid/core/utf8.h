// Names of files are bytes; what others read (JSON, logs, TensorBoard) must be UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace glid {

// The text itself where it is UTF-8; every byte that is part of no character becomes a backslash, "x" and two hexadecimal
// digits: "M\xFCller" of Latin-1 is shown as these ten characters.
std::string to_utf8(std::string_view bytes);

// The same for names that must stay apart and be found again: the backslash of what would be taken for such a byte is
// written as one too. A file whose name has the four characters \xFC is "\x5CxFC", and every name can be had back.
std::string name_to_utf8(std::string_view bytes);

// to_utf8() of lines for terminals and logs: control characters but ends of lines and tabs become question marks.
std::string lines_for_terminal(std::string_view bytes);

// The same of one line, without ends of lines too. Of long texts the beginning.
std::string printable(std::string_view bytes);

}  // namespace glid
