#include "glid/core/utf8.h"

#include <simdjson.h>

#include <algorithm>

#include "glid/core/format.h"

namespace glid {
namespace {

constexpr size_t kMostBytes = 4;  // of a character

// Of the character at the front; 0 where there is none.
size_t character_bytes(std::string_view text) {
  for (size_t bytes = 1; bytes <= std::min(kMostBytes, text.size()); ++bytes)
    if (simdjson::validate_utf8(text.data(), bytes)) return bytes;
  return 0;
}

// Four characters that to_utf8() may have made of a byte.
bool begins_escaped(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  return text.starts_with("\\x") && text.size() >= 4 && is_digit(text[2]) && is_digit(text[3]);
}

}  // namespace

std::string to_utf8(std::string_view bytes) {
  if (simdjson::validate_utf8(bytes.data(), bytes.size())) return std::string(bytes);
  std::string text;
  while (!bytes.empty()) {
    const size_t length = character_bytes(bytes);
    if (length == 0) text += format("\\x{:02X}", static_cast<unsigned char>(bytes[0]));
    else text += bytes.substr(0, length);
    bytes.remove_prefix(std::max<size_t>(1, length));
  }
  return text;
}

std::string lines_for_terminal(std::string_view bytes) {
  std::string text = to_utf8(bytes);
  std::ranges::replace_if(
      text, [](unsigned char c) { return (c < ' ' && c != '\n' && c != '\t') || c == 0x7F; }, '?');
  return text;
}

std::string name_to_utf8(std::string_view bytes) {
  std::string name;
  for (size_t begin = 0, i = 0; i <= bytes.size(); ++i) {
    if (i < bytes.size() && !begins_escaped(bytes.substr(i))) continue;
    name += to_utf8(bytes.substr(begin, i - begin));
    if (i < bytes.size()) name += "\\x5C";
    begin = i + 1;
  }
  return name;
}

std::string printable(std::string_view bytes) {
  constexpr size_t kMost = 400;
  std::string text = to_utf8(bytes.substr(0, kMost));
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_second_control = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < ' ' || byte == 0x7F) text[i] = '?';
    else if (is_second_control) text.replace(i, 2, "?");
  }
  return bytes.size() > kMost ? text + " ..." : text;
}

}  // namespace glid
