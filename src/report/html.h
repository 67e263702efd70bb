// Pieces of a page. A piece is made of texts, which are escaped, and of elements: no other way leads into a page.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glid/core/json.h"

namespace glid {

struct Html {
  std::string markup;

  Html& operator+=(const Html& more) {
    markup += more.markup;
    return *this;
  }
  bool is_empty() const { return markup.empty(); }
};
inline Html operator+(Html a, const Html& b) { return std::move(a += b); }

// Shown as it stands, whatever is in it; bytes that are no UTF-8 as to_utf8() has them.
Html html_text(std::string_view text);

// The name of a run, key or file, or a setting: narrow screens may break it behind the signs between its words ("optim."
// "lr"), never within numbers ("1e-05").
Html html_name(std::string_view name);

using HtmlAttributes = std::vector<std::pair<const char*, std::string>>;  // values are escaped too
Html html_element(const char* tag, const HtmlAttributes& attributes, const Html& content);
inline Html html_element(const char* tag, const Html& content) { return html_element(tag, {}, content); }
inline Html html_element(const char* tag, std::string_view text) { return html_element(tag, {}, html_text(text)); }
// An element that has no content in HTML ("img"), or has none in SVG.
Html html_void(const char* tag, const HtmlAttributes& attributes);

// A number with four digits for people (all of whole ones), and as the file has it for programs and as a tooltip; "n/a" for
// null.
Html html_number(const Json& number);
Html html_number(const std::optional<double>& number);
inline Html html_number(double number) { return html_number(Json(number)); }

// The number of that name among `values`; empty where there is none.
Html html_number(const Json* values, const std::string& name);

// <section> with a heading that links lead to; nothing for no content.
Html html_section(const std::string& id, std::string_view heading, const Html& content);
// What is shown when it is asked for, by mouse, finger or keyboard.
Html html_details(std::string_view summary, const Html& content, bool is_open = false);
Html html_list(const std::vector<std::string>& lines);

// Text as it stands, in a box that scrolls by itself, by keyboard too; `name` says what it is to those who hear the page.
Html html_pre(std::string_view name, std::string_view text);

struct HtmlTable {
  std::string caption;
  std::vector<Html> head;               // of the columns
  std::vector<std::vector<Html>> rows;  // the first cell of each is its head
};
// In a box that scrolls by itself where the screen is narrow.
Html html_table(const HtmlTable& table);

}  // namespace glid
