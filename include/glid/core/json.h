// JSON: a small writer (numbers in shortest round-trip form, never NaN: null instead) and a small reader over simdjson.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace glid {

// A JSON value that keeps the order of its members.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;
  Json(bool value) : value_(value) {}
  Json(int value) : value_(int64_t{value}) {}
  Json(int64_t value) : value_(value) {}
  Json(uint64_t value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  static Json object() {
    Json json;
    json.value_ = Object{};
    return json;
  }

  // Parses one document. Throws DataError naming `where`.
  static Json parse(std::string_view text, const std::string& where);

  // Appends a member to an object (made one if null) and returns *this, so that calls chain.
  Json& set(std::string key, Json value);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  const Json* find(std::string_view key) const;
  // The member or element; throws DataError naming the key when it is missing or of another type.
  const Json& at(std::string_view key) const;
  bool as_bool() const;
  int64_t as_int() const;
  uint64_t as_uint() const;
  double as_double() const;
  const std::string& as_string() const;
  const Array& as_array() const;
  const Object& as_object() const;

  // One line without spaces (indent 0), or indented.
  std::string dump(int indent = 0) const;

 private:
  void append_to(std::string& out, int indent, int depth) const;

  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Array, Object> value_;
};

}  // namespace glid
