// Input: a line that overrides, then a configuration file.
#pragma once

#include <string>
#include <string_view>

#include "fuzz/law.h"
#include "glid/config/tree.h"
#include "glid/core/error.h"

namespace glid {

inline void check_node(const config::Node& node) {
  for (const config::Node& child : node.children) {
    if (node.is_block()) expect_law(node.find(child.key) != nullptr, "every key is found");
    check_node(child);
  }
}

inline void fuzz_yaml(std::string_view bytes) {
  const size_t end = bytes.find('\n');
  const std::string override_text(bytes.substr(0, end));
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  try {
    check_node(config::parse_tree(bytes, "fuzz.yaml").root);
    check_node(config::parse_tree(bytes, "fuzz.yaml", {override_text}).root);
  } catch (const UsageError&) {}
}

}  // namespace glid
