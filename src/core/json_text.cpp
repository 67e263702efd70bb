#include "glid/core/json_text.h"

#include <algorithm>
#include <optional>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kUtf16Marks[] = {"\xFF\xFE", "\xFE\xFF"};
constexpr std::string_view kSpaces = " \t\r\n";
constexpr size_t kMaxShown = 40;

// Where the text that begins at `quote` ends: behind its closing quote.
size_t end_of_text(std::string_view json, size_t quote) {
  size_t at = quote + 1;
  while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return std::min(at + 1, json.size());
}

// Behind the list or object that the JSON begins with; none where it begins with something else or isn't closed.
std::optional<size_t> end_of_brackets(std::string_view json) {
  std::string open;  // the brackets that must close, the innermost last
  for (size_t at = std::min(json.find_first_not_of(kSpaces), json.size()); at < json.size();) {
    const char c = json[at];
    if (c == '[' || c == '{') open += c == '[' ? ']' : '}';
    if (open.empty()) return std::nullopt;
    if (c == ']' || c == '}') {
      if (open.back() != c) return std::nullopt;
      open.pop_back();
      if (open.empty()) return at + 1;
    }
    at = c == '"' ? end_of_text(json, at) : at + 1;
  }
  return std::nullopt;
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) {
  return text.starts_with(kUtf8Mark) ? text.substr(kUtf8Mark.size()) : text;
}

std::string_view utf8_of(std::string_view text) {
  for (const std::string_view mark : kUtf16Marks)
    if (text.starts_with(mark)) throw DataError("", "is a text in UTF-16", {}, "save it as UTF-8");
  return without_byte_order_mark(text);
}

void require_no_text_behind(std::string_view json, const std::string& where) {
  json = without_byte_order_mark(json);
  const std::optional<size_t> end = end_of_brackets(json);
  const size_t rest = end ? json.find_first_not_of(kSpaces, *end) : std::string_view::npos;
  if (rest == std::string_view::npos) return;
  const auto line = 1 + std::count(json.begin(), json.begin() + static_cast<std::ptrdiff_t>(rest), '\n');
  const std::string_view shown = json.substr(rest, std::min(json.find('\n', rest) - rest, kMaxShown));
  throw DataError(format("{}:{}", where, line), "has text behind the end of its JSON", std::string(shown),
                  "a file holds one list or one object");
}

}  // namespace glid
