// The types that a key can have, and how each is read and written. Blocks and variants are in fields.h.
//
//   bool, int64_t, uint64_t, double, std::string      scalars
//   an enum E with enum_names(E)                       one of its names
//   std::vector<T>, std::array<T, N>                   a list, of any length or of N
//   OneOrMany<T, N>                                    one value for all, or a list of N
//   std::optional<T>                                   absent by default; null makes it absent again
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/config/constraint.h"
#include "glid/config/tree.h"

namespace glid::config {

// An enum becomes a config type by a function beside it that argument-dependent lookup finds:
//   constexpr auto enum_names(Mask) { return std::to_array<config::Named<Mask>>({{Mask::kRandom, "random"}, ...}); }
template <class E>
struct Named {
  E value;
  std::string_view name;
  std::string_view meaning = {};  // a line for people, where the name is not enough
};
template <class E>
concept NamedEnum = requires(E e) {
  enum_names(e);
};

template <NamedEnum E>
constexpr Named<E> named(E value) {
  for (const auto& known : enum_names(E{})) {
    if (known.value == value) return known;
  }
  return {};
}
template <NamedEnum E>
constexpr std::string_view name_of(E value) {
  return named(value).name;
}
template <NamedEnum E>
constexpr std::string_view meaning_of(E value) {
  return named(value).meaning;
}

// N values, written as one where all are equal: `window: 7` or `window: [6, 6, 6, 6]`.
template <class T, size_t N>
struct OneOrMany {
  std::array<T, N> values{};

  OneOrMany() = default;
  OneOrMany(T one) { values.fill(one); }
  OneOrMany(const std::array<T, N>& many) : values(many) {}
  const T& operator[](size_t i) const { return values[i]; }
  bool operator==(const OneOrMany&) const = default;
};

// What a key takes, for help and messages.
struct TypeInfo {
  std::string noun;                // "int", "list of 2 numbers", "random|block|grid"
  std::vector<std::string> names;  // of a closed set, for the nearest one to a typo
  std::string range;               // the constraint's
  bool is_list = false;
  bool is_optional = false;

  // "number > 0", "list of 2 numbers, each in [0, 1)", "int or null".
  std::string text() const;
  // The same as it ends the sentence "must be ...".
  std::string expectation() const;
};

// Value<T>::type() describes a T under a constraint; read() assigns and returns whether the node holds such a T (the target
// may be half assigned otherwise); write() gives one line of YAML that read() takes back to the same value.
template <class T>
struct Value;

#define GLID_CONFIG_SCALAR(T)                                    \
  template <>                                                    \
  struct Value<T> {                                              \
    static TypeInfo type(const Constraint& constraint);          \
    static bool read(const Node&, T& target, const Constraint&); \
    static std::string write(const T& value);                    \
  }
GLID_CONFIG_SCALAR(bool);
GLID_CONFIG_SCALAR(int64_t);
GLID_CONFIG_SCALAR(uint64_t);
GLID_CONFIG_SCALAR(double);
GLID_CONFIG_SCALAR(std::string);
#undef GLID_CONFIG_SCALAR

TypeInfo list_type(TypeInfo element, std::optional<size_t> length);
TypeInfo one_or_many_type(TypeInfo element, size_t length);
TypeInfo names_type(std::span<const std::string_view> names);
std::optional<size_t> read_name(const Node& node, std::span<const std::string_view> names);

// The index of `text`. Throws UsageError with all names and the nearest one; `where` is the option that it came from.
size_t parse_name_index(const std::string& where, std::string_view text, std::span<const std::string_view> names);

template <NamedEnum E>
struct Value<E> {
  static constexpr auto names() {
    constexpr auto kNamed = enum_names(E{});
    std::array<std::string_view, kNamed.size()> result;
    for (size_t i = 0; i < kNamed.size(); ++i) result[i] = kNamed[i].name;
    return result;
  }
  static TypeInfo type(const Constraint&) { return names_type(names()); }
  static bool read(const Node& node, E& target, const Constraint&) {
    const auto index = read_name(node, names());
    if (index) target = enum_names(E{})[*index].value;
    return index.has_value();
  }
  static std::string write(E value) { return Value<std::string>::write(std::string(name_of(value))); }
};

// The value of a name on a command line: parse_name<Split>("--split", "val").
template <NamedEnum E>
E parse_name(const std::string& where, std::string_view text) {
  return enum_names(E{})[parse_name_index(where, text, Value<E>::names())].value;
}

template <class T>
bool read_elements(const Node& node, std::span<T> targets, const Constraint& constraint) {
  if (!node.is_list() || node.children.size() != targets.size()) return false;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (!Value<T>::read(node.children[i], targets[i], constraint)) return false;
  }
  return true;
}

template <class T>
std::string write_elements(std::span<const T> values) {
  std::string text = "[";
  for (const T& value : values) text += (text.size() > 1 ? ", " : "") + Value<T>::write(value);
  return text + "]";
}

template <class T>
struct Value<std::vector<T>> {
  static TypeInfo type(const Constraint& constraint) { return list_type(Value<T>::type(constraint), std::nullopt); }
  static bool read(const Node& node, std::vector<T>& target, const Constraint& constraint) {
    target.resize(node.children.size());
    return read_elements<T>(node, target, constraint);
  }
  static std::string write(const std::vector<T>& values) { return write_elements<T>(values); }
};

template <class T, size_t N>
struct Value<std::array<T, N>> {
  static TypeInfo type(const Constraint& constraint) { return list_type(Value<T>::type(constraint), N); }
  static bool read(const Node& node, std::array<T, N>& target, const Constraint& constraint) {
    return read_elements<T>(node, target, constraint);
  }
  static std::string write(const std::array<T, N>& values) { return write_elements<T>(values); }
};

template <class T, size_t N>
struct Value<OneOrMany<T, N>> {
  static TypeInfo type(const Constraint& constraint) { return one_or_many_type(Value<T>::type(constraint), N); }
  static bool read(const Node& node, OneOrMany<T, N>& target, const Constraint& constraint) {
    if (node.is_list()) return read_elements<T>(node, target.values, constraint);
    T one{};
    if (!Value<T>::read(node, one, constraint)) return false;
    target = one;
    return true;
  }
  static std::string write(const OneOrMany<T, N>& value) {
    return value == OneOrMany<T, N>(value[0]) ? Value<T>::write(value[0]) : write_elements<T>(value.values);
  }
};

template <class T>
struct Value<std::optional<T>> {
  static TypeInfo type(const Constraint& constraint) {
    TypeInfo type = Value<T>::type(constraint);
    type.is_optional = true;
    return type;
  }
  static bool read(const Node& node, std::optional<T>& target, const Constraint& constraint) {
    target.reset();
    return node.is_null() || Value<T>::read(node, target.emplace(), constraint);
  }
  static std::string write(const std::optional<T>& value) { return value ? Value<T>::write(*value) : "null"; }
};

}  // namespace glid::config
