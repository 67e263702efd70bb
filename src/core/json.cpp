#include "glid/core/json.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/json_text.h"
#include "glid/core/utf8.h"

namespace glid {
namespace {

Json convert(const simdjson::dom::element& element) {
  using Type = simdjson::dom::element_type;
  switch (element.type()) {
    case Type::ARRAY: {
      Json::Array array;
      for (const auto& item : simdjson::dom::array(element)) array.push_back(convert(item));
      return array;
    }
    case Type::OBJECT: {
      Json object = Json::object();
      for (const auto& [key, value] : simdjson::dom::object(element)) object.set(std::string(key), convert(value));
      return object;
    }
    case Type::INT64: return Json(int64_t(element));
    case Type::UINT64: return Json(uint64_t(element));
    case Type::DOUBLE: return Json(double(element));
    case Type::STRING: return Json(std::string_view(element));
    case Type::BOOL: return Json(bool(element));
    default: return {};
  }
}

template <typename T>
const T& expect(const T* value, const char* type) {
  if (!value) throw DataError("", format("a JSON value is not {}", type));
  return *value;
}

void append_string(std::string& out, std::string_view bytes) {
  out += '"';
  for (const char c : to_utf8(bytes)) {
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20) out += format("\\u{:04x}", static_cast<unsigned char>(c));
    else out += c;
  }
  out += '"';
}

void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

void new_line(std::string& out, int indent, int depth) {
  if (indent > 0) (out += '\n').append(static_cast<size_t>(indent * depth), ' ');
}

// Appends "[...]" or "{...}"; `each` appends one item.
template <typename Items, typename Each>
void append_list(std::string& out, const char* brackets, const Items& items, int indent, int depth, Each each) {
  out += brackets[0];
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    new_line(out, indent, depth + 1);
    each(items[i]);
  }
  if (!items.empty()) new_line(out, indent, depth);
  out += brackets[1];
}

}  // namespace

Json Json::parse(std::string_view text, const std::string& where) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  try {
    text = utf8_of(text);
  } catch (const DataError& error) {
    throw DataError(where, error.what());
  }
  const auto error = parser.parse(text.data(), text.size()).get(element);
  if (error) require_no_text_behind(text, where);
  if (error) throw DataError(where, "is not valid JSON", simdjson::error_message(error));
  return convert(element);
}

Json& Json::set(std::string key, Json value) {
  if (is_null()) value_ = Object{};
  std::get<Object>(value_).emplace_back(std::move(key), std::move(value));
  return *this;
}

const Json* Json::find(std::string_view key) const {
  const auto* object = std::get_if<Object>(&value_);
  if (!object) return nullptr;
  for (const auto& [name, value] : *object)
    if (name == key) return &value;
  return nullptr;
}

const Json& Json::at(std::string_view key) const {
  const Json* value = find(key);
  if (!value) throw DataError("", format("the JSON key \"{}\" is missing", key));
  return *value;
}

bool Json::as_bool() const { return expect(std::get_if<bool>(&value_), "true or false"); }
int64_t Json::as_int() const { return expect(std::get_if<int64_t>(&value_), "an integer"); }
uint64_t Json::as_uint() const {
  if (const auto* value = std::get_if<int64_t>(&value_); value && *value >= 0) return static_cast<uint64_t>(*value);
  return expect(std::get_if<uint64_t>(&value_), "a non-negative integer");
}
double Json::as_double() const {
  if (const auto* value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<uint64_t>(&value_)) return static_cast<double>(*value);
  if (is_null()) return std::nan("");
  return expect(std::get_if<double>(&value_), "a number");
}
const std::string& Json::as_string() const { return expect(std::get_if<std::string>(&value_), "a string"); }
const Json::Array& Json::as_array() const { return expect(std::get_if<Array>(&value_), "an array"); }
const Json::Object& Json::as_object() const { return expect(std::get_if<Object>(&value_), "an object"); }

void Json::append_to(std::string& out, int indent, int depth) const {
  if (const auto* object = std::get_if<Object>(&value_)) {
    append_list(out, "{}", *object, indent, depth, [&](const auto& member) {
      append_string(out, member.first);
      out += indent > 0 ? ": " : ":";
      member.second.append_to(out, indent, depth + 1);
    });
  } else if (const auto* array = std::get_if<Array>(&value_)) {
    append_list(out, "[]", *array, indent, depth, [&](const Json& item) { item.append_to(out, indent, depth + 1); });
  } else if (const auto* text = std::get_if<std::string>(&value_)) {
    append_string(out, *text);
  } else if (const auto* number = std::get_if<double>(&value_)) {
    append_double(out, *number);
  } else if (const auto* flag = std::get_if<bool>(&value_)) {
    out += *flag ? "true" : "false";
  } else if (const auto* integer = std::get_if<int64_t>(&value_)) {
    out += std::to_string(*integer);
  } else if (const auto* natural = std::get_if<uint64_t>(&value_)) {
    out += std::to_string(*natural);
  } else {
    out += "null";
  }
}

std::string Json::dump(int indent) const {
  std::string out;
  append_to(out, indent, 0);
  return out;
}

}  // namespace glid
