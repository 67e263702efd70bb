#include "glid/viz/label.h"

#include <array>

#include "glid/core/format.h"
#include "glid/core/utf8.h"

namespace glid {
namespace {

// Of U+00C0 to U+017F, by Unicode's names of the letters.
constexpr char32_t kFirstLatin = 0xC0;
constexpr std::array<const char*, 192> kLatin = {
    "A", "A", "A", "A", "A",  "A",  "AE", "C", "E",  "E",  "E", "E", "I", "I", "I",  "I",  "D",  "N", "O",  "O", "O", "O",
    "O", "x", "O", "U", "U",  "U",  "U",  "Y", "Th", "ss", "a", "a", "a", "a", "a",  "a",  "ae", "c", "e",  "e", "e", "e",
    "i", "i", "i", "i", "d",  "n",  "o",  "o", "o",  "o",  "o", "/", "o", "u", "u",  "u",  "u",  "y", "th", "y", "A", "a",
    "A", "a", "A", "a", "C",  "c",  "C",  "c", "C",  "c",  "C", "c", "D", "d", "D",  "d",  "E",  "e", "E",  "e", "E", "e",
    "E", "e", "E", "e", "G",  "g",  "G",  "g", "G",  "g",  "G", "g", "H", "h", "H",  "h",  "I",  "i", "I",  "i", "I", "i",
    "I", "i", "I", "i", "IJ", "ij", "J",  "j", "K",  "k",  "k", "L", "l", "L", "l",  "L",  "l",  "L", "l",  "L", "l", "N",
    "n", "N", "n", "N", "n",  "n",  "N",  "n", "O",  "o",  "O", "o", "O", "o", "OE", "oe", "R",  "r", "R",  "r", "R", "r",
    "S", "s", "S", "s", "S",  "s",  "S",  "s", "T",  "t",  "T", "t", "T", "t", "U",  "u",  "U",  "u", "U",  "u", "U", "u",
    "U", "u", "U", "u", "W",  "w",  "Y",  "y", "Y",  "Z",  "z", "Z", "z", "Z", "z",  "s"};

// The code point at the front of valid UTF-8, which loses its bytes.
char32_t take_code_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t code = bytes == 1 ? lead : lead & (0xFFU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  text.remove_prefix(bytes);
  return code;
}

bool is_combining_mark(char32_t code) { return code >= 0x300 && code < 0x370; }

// Null where ASCII has nothing like it.
const char* punctuation(char32_t code) {
  switch (code) {
    case 0xA0: return " ";
    case 0xB0: return " deg";
    case 0xB2: return "2";
    case 0xB3: return "3";
    case 0xB5: return "u";
    case 0xB7: return ".";
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2014: return "-";
    case 0x2018:
    case 0x2019: return "'";
    case 0x201C:
    case 0x201D: return "\"";
    case 0x2026: return "...";
    default: return nullptr;
  }
}

const char* like_ascii(char32_t code) {
  if (is_combining_mark(code)) return "";
  if (code >= kFirstLatin && code < kFirstLatin + kLatin.size()) return kLatin[code - kFirstLatin];
  return punctuation(code);
}

// `lost`: whether some had to be left out.
std::string to_ascii(std::string_view bytes, bool& lost) {
  const std::string utf8 = printable(bytes);
  std::string_view rest = utf8;
  std::string text;
  bool in_run = false;
  while (!rest.empty()) {
    const char32_t code = take_code_point(rest);
    const char* ascii = code < 0x80 ? nullptr : like_ascii(code);
    const bool is_drawn = code < 0x80 || ascii != nullptr;
    if (code < 0x80) text += static_cast<char>(code);
    else if (ascii != nullptr) text += ascii;
    else if (!in_run) text += '_';
    in_run = !is_drawn;
    lost |= in_run;
  }
  return text;
}

}  // namespace

std::string drawable_text(std::string_view bytes) {
  bool lost = false;
  return to_ascii(bytes, lost);
}

std::string class_label(std::string_view name, int64_t number) {
  bool lost = false;
  std::string text = to_ascii(name, lost);
  return lost || text.empty() ? format("class {}", number) : text;
}

}  // namespace glid
