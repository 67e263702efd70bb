#include "html.h"

#include <cctype>
#include <cmath>
#include <string>

#include "glid/core/format.h"
#include "glid/core/utf8.h"

namespace glid {
namespace {

// Where a name may be broken: "data/|run_|a.|b", but not "1e-05", "0.5".
bool is_seam(char before, char after) {
  const bool is_letter = std::isalpha(static_cast<unsigned char>(after)) != 0;
  const bool is_digit = std::isdigit(static_cast<unsigned char>(after)) != 0;
  return std::string_view("/_").find(before) != std::string_view::npos
             ? is_letter || is_digit
             : is_letter && std::string_view(".-:=,").find(before) != std::string_view::npos;
}

// Browsers break behind a hyphen even within a number.
Html word_of(std::string_view word) {
  constexpr size_t kMostWhole = 16;  // letters: what is longer would not fit everywhere
  if (word.size() > kMostWhole || word.substr(0, word.size() - 1).find('-') == std::string_view::npos)
    return html_text(word);
  return html_element("span", {{"class", "whole"}}, html_text(word));
}

// Pages hold no other control characters.
bool is_shown(char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) || c == '\n' || c == '\t'; }

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : to_utf8(text)) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      case '\'': safe += "&#39;"; break;
      default: safe += is_shown(c) ? c : '?';
    }
  }
  return safe;
}

std::string opening(const char* tag, const HtmlAttributes& attributes) {
  std::string text = format("<{}", tag);
  for (const auto& [name, value] : attributes) text += format(" {}=\"{}\"", name, escaped(value));
  return text;
}

// "0.6543", "12350", "1.5e-05"; whole numbers are counts and have all digits.
std::string shown(const Json& number) {
  constexpr double kMostWritten = 1e9;  // with an exponent from there
  if (number.dump().find_first_of(".eE") == std::string::npos) return number.dump();
  const double value = number.as_double();
  if (std::abs(value) < kMostWritten && std::nearbyint(value) == value) return format("{:.0f}", value);
  const std::string text = format("{:.4g}", value);
  const bool is_large = std::abs(value) >= 1e4 && std::abs(value) < kMostWritten;
  return is_large ? format("{:.0f}", std::stod(text)) : text;
}

// A box that scrolls is a stop of the Tab key, from where the arrow keys move it.
HtmlAttributes scrolling(std::string_view name) {
  return {{"class", "scroll"}, {"role", "region"}, {"tabindex", "0"}, {"aria-label", std::string(name)}};
}

Html head_cell(const char* scope, const Html& content) { return html_element("th", {{"scope", scope}}, content); }

}  // namespace

Html html_text(std::string_view text) { return {escaped(text)}; }

Html html_name(std::string_view name) {
  Html words;
  size_t begin = 0;
  for (size_t i = 1; i < name.size(); ++i) {
    if (!is_seam(name[i - 1], name[i])) continue;
    words += word_of(name.substr(begin, i - begin)) + Html{"<wbr>"};
    begin = i;
  }
  return words + word_of(name.substr(begin));
}

Html html_element(const char* tag, const HtmlAttributes& attributes, const Html& content) {
  return {format("{}>{}</{}>", opening(tag, attributes), content.markup, tag)};
}

Html html_void(const char* tag, const HtmlAttributes& attributes) { return {opening(tag, attributes) + "/>"}; }

Html html_number(const Json& number) {
  if (number.is_null()) return html_text("n/a");
  const std::string full = number.dump(), text = shown(number);
  if (text == full) return html_element("data", {{"value", full}}, html_text(text));
  return html_element("data", {{"value", full}, {"title", full}}, html_text(text));
}

Html html_number(const std::optional<double>& number) { return html_number(number ? Json(*number) : Json()); }

Html html_number(const Json* values, const std::string& name) {
  const Json* value = values != nullptr ? values->find(name) : nullptr;
  return value != nullptr ? html_number(*value) : Html();
}

Html html_section(const std::string& id, std::string_view heading, const Html& content) {
  if (content.is_empty()) return {};
  return html_element("section", {{"id", id}}, html_element("h2", heading) + content);
}

Html html_details(std::string_view summary, const Html& content, bool is_open) {
  const HtmlAttributes attributes = is_open ? HtmlAttributes{{"open", ""}} : HtmlAttributes{};
  return html_element("details", attributes, html_element("summary", summary) + content);
}

Html html_list(const std::vector<std::string>& lines) {
  Html items;
  for (const std::string& line : lines) items += html_element("li", line);
  return items.is_empty() ? items : html_element("ul", items);
}

Html html_pre(std::string_view name, std::string_view text) { return html_element("pre", scrolling(name), html_text(text)); }

Html html_table(const HtmlTable& table) {
  Html head, body;
  for (const Html& cell : table.head) head += head_cell("col", cell);
  for (const std::vector<Html>& row : table.rows) {
    Html cells;
    for (size_t i = 0; i < row.size(); ++i) cells += i == 0 ? head_cell("row", row[i]) : html_element("td", row[i]);
    body += html_element("tr", cells);
  }
  const Html content =
      html_element("caption", table.caption) + html_element("thead", html_element("tr", head)) + html_element("tbody", body);
  return html_element("div", scrolling(table.caption), html_element("table", content));
}

}  // namespace glid
