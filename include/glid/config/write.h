// From a struct to text: the resolved YAML, the same with origins, the help of every key, and the difference of two structs.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glid/config/fields.h"

namespace glid::config {

// Full path and value, as write() spells it; the key that picks a variant's alternative is one of them.
using Leaves = std::vector<std::pair<std::string, std::string>>;

struct Difference {
  std::string path;
  std::string old_value;  // "(absent)" where only the other side has the path
  std::string new_value;
};

std::string write_fields(const VisitStruct& visit_struct, const Tree* origins);
struct HelpOptions {
  std::string prefix;          // of the keys that are wanted, whole names: "optim", "task.pose"; empty: all
  bool only_chosen = false;    // of variants, the alternatives that the struct has
  std::optional<size_t> wrap;  // lines of at most so many characters, some a key; none: one line a key
};

// Throws UsageError naming --help-config where no key begins with the prefix.
std::string help_fields(const VisitStruct& visit_struct, const HelpOptions& options);
Leaves flatten_fields(const VisitStruct& visit_struct);

// Every key, in the order of fields(): read(parse_tree(text)) gives the same struct again, to the last bit of every double.
template <class T>
std::string write(T config) {
  return write_fields([&config](Visitor& visitor) { visit(config, visitor); }, nullptr);
}

// The same with a comment on each line: where the value came from (file:line, --set, default).
template <class T>
std::string write_with_origins(T config, const Tree& tree) {
  return write_fields([&config](Visitor& visitor) { visit(config, visitor); }, &tree);
}

// Of every key the full path, type and constraint, the struct's value (the default) and help, aligned where it is one line a
// key. Every alternative of a variant is listed; its lines say which one they belong to.
template <class T>
std::string help(T config, const HelpOptions& options = {}) {
  return help_fields([&config](Visitor& visitor) { visit(config, visitor); }, options);
}

template <class T>
Leaves flatten(T config) {
  return flatten_fields([&config](Visitor& visitor) { visit(config, visitor); });
}

// In the order of the old one, then what only the new one has.
std::vector<Difference> difference(const Leaves& old_leaves, const Leaves& new_leaves);

}  // namespace glid::config
