// From a tree into a struct, with everything that is wrong in one error.
#pragma once

#include "glid/config/fields.h"

namespace glid::config {

void read_fields(const Tree& tree, const VisitStruct& visit_struct);

// Fills the struct; keys that are not in the tree keep the struct's values. Throws one UsageError with a line for every key
// that is unknown, repeated, missing, of the wrong type or out of range, and for every rule of a check(); each line has
// the origin (file:line or --set), the full path, the value and, for a misspelt name, the nearest one known. A struct's
// check() is called when its own keys and those of its blocks are in order.
template <class T>
void read(const Tree& tree, T& config) {
  read_fields(tree, [&config](Visitor& visitor) { visit(config, visitor); });
}

}  // namespace glid::config
