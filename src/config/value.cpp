#include "glid/config/value.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "glid/config/nearest.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/home.h"
#include "glid/core/join.h"
#include "glid/core/json.h"

namespace glid::config {
namespace {

// All of the text is one number of type T, without a sign before a positive one.
template <class T>
bool read_number(const Node& node, T& target, const Constraint& constraint) {
  if (node.kind != Node::Kind::kScalar || node.quoted) return false;
  const char* end = node.text.data() + node.text.size();
  const auto [stop, error] = std::from_chars(node.text.data(), end, target);
  return error == std::errc() && stop == end && constraint.allows(static_cast<double>(target));
}

TypeInfo scalar_type(const char* noun, const Constraint& constraint) {
  TypeInfo type{.noun = noun, .names = constraint.texts, .range = constraint.range_text()};
  for (const double number : constraint.numbers) type.names.push_back(format("{}", number));
  if (!type.names.empty()) type.noun = join(type.names, "|");
  return type;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_plain_character(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '/';
}

// Text that no YAML reader takes for anything else without quotes.
bool is_plain(const std::string& text) {
  static const std::vector<std::string> kWords{"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_plain_character)) return false;
  if (is_digit(text[0]) || text[0] == '-' || text[0] == '.') return false;
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::find(kWords.begin(), kWords.end(), lower) == kWords.end();
}

}  // namespace

std::string TypeInfo::text() const {
  std::string text = noun;
  if (!range.empty()) text += (is_list ? ", each " : " ") + range;
  return is_optional ? text + " or null" : text;
}

std::string TypeInfo::expectation() const {
  if (!is_list && !names.empty()) return (names.size() > 2 ? "one of " : "") + text();
  if (noun == "text") return text();
  return (noun[0] == 'i' ? "an " : "a ") + text();
}

TypeInfo list_type(TypeInfo element, std::optional<size_t> length) {
  const std::string count = length ? format("{} ", *length) : "";
  if (element.is_list) element.noun.insert(element.noun.find(' '), "s");  // lists of 2 numbers
  else if (element.names.empty()) element.noun += "s";
  element.noun = format("list of {}{}", count, element.noun);
  element.is_list = true;
  return element;
}

TypeInfo one_or_many_type(TypeInfo element, size_t length) {
  element.noun += format(" or list of {}", length);
  element.is_list = true;
  return element;
}

TypeInfo names_type(std::span<const std::string_view> names) {
  return {.noun = join(names, "|"), .names = {names.begin(), names.end()}};
}

std::optional<size_t> read_name(const Node& node, std::span<const std::string_view> names) {
  const auto found = std::find(names.begin(), names.end(), node.text);
  if (node.kind != Node::Kind::kScalar || found == names.end()) return std::nullopt;
  return static_cast<size_t>(found - names.begin());
}

size_t parse_name_index(const std::string& where, std::string_view text, std::span<const std::string_view> names) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  const TypeInfo type = names_type(names);
  throw UsageError(where, "must be " + type.expectation(), std::string(text), suggestion(nearest(text, type.names)));
}

TypeInfo Value<bool>::type(const Constraint&) { return {.noun = "true|false", .names = {"true", "false"}}; }

bool Value<bool>::read(const Node& node, bool& target, const Constraint&) {
  target = node.text == "true";
  return node.kind == Node::Kind::kScalar && !node.quoted && (target || node.text == "false");
}

std::string Value<bool>::write(const bool& value) { return value ? "true" : "false"; }

TypeInfo Value<int64_t>::type(const Constraint& constraint) { return scalar_type("int", constraint); }

bool Value<int64_t>::read(const Node& node, int64_t& target, const Constraint& constraint) {
  return read_number(node, target, constraint);
}

std::string Value<int64_t>::write(const int64_t& value) { return std::to_string(value); }

TypeInfo Value<uint64_t>::type(const Constraint& constraint) {
  TypeInfo type = scalar_type("int", constraint);
  if (type.range.empty()) type.range = ">= 0";
  return type;
}

bool Value<uint64_t>::read(const Node& node, uint64_t& target, const Constraint& constraint) {
  return read_number(node, target, constraint);
}

std::string Value<uint64_t>::write(const uint64_t& value) { return std::to_string(value); }

TypeInfo Value<double>::type(const Constraint& constraint) { return scalar_type("number", constraint); }

bool Value<double>::read(const Node& node, double& target, const Constraint& constraint) {
  return read_number(node, target, constraint) && std::isfinite(target);
}

// Always with a point: YAML 1.1 readers take 1e-08 for text.
std::string Value<double>::write(const double& value) {
  if (!std::isfinite(value)) throw std::logic_error("a config holds a number that is not finite");
  std::string text = Json(value).dump();
  if (text.find('.') == std::string::npos) text.insert(std::min(text.find('e'), text.size()), ".0");
  return text;
}

TypeInfo Value<std::string>::type(const Constraint& constraint) {
  return scalar_type(constraint.path == PathRule::kNone ? "text" : "path", constraint);
}

bool Value<std::string>::read(const Node& node, std::string& target, const Constraint& constraint) {
  if (node.kind != Node::Kind::kScalar) return false;
  target = node.text;
  if (constraint.path == PathRule::kNone) return constraint.allows(std::string_view(target));
  if (target.empty() && constraint.path == PathRule::kMayBeEmpty) return true;
  const std::optional<std::string> place = expand_home(target);
  if (place) target = *place;
  return place.has_value();
}

std::string Value<std::string>::write(const std::string& value) { return is_plain(value) ? value : Json(value).dump(); }

}  // namespace glid::config
