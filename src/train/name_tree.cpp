#include "name_tree.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "glid/core/format.h"
#include "glid/core/utf8.h"

namespace glid {
namespace {

struct TreeNode {
  std::string name;
  const TensorInfo* tensor = nullptr;  // a name may be both a tensor's and the beginning of others
  std::vector<std::unique_ptr<TreeNode>> children;
  std::map<std::string, TreeNode*, std::less<>> by_name;
  std::string form;  // what is below it, without names of its own: nodes that are alike have the same
  uint64_t bytes = 0;
};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string shape_text(const TensorInfo& tensor) {
  return tensor.shape.empty() ? "scalar" : glid::format("{}", fmt::join(tensor.shape, "x"));
}

TreeNode& child_of(TreeNode& node, std::string_view name) {
  if (const auto found = node.by_name.find(name); found != node.by_name.end()) return *found->second;
  node.children.push_back(std::make_unique<TreeNode>());
  node.children.back()->name = name;
  return *(node.by_name[std::string(name)] = node.children.back().get());
}

// No file is so deep by right: what is below stays one name.
constexpr int kDeepest = 32;

TreeNode tree_of(const TensorFile& file) {
  TreeNode root;
  for (const std::string& full : file.names()) {
    TreeNode* node = &root;
    std::string_view rest = full;
    int depth = 0;
    for (size_t dot = rest.find('.'); dot != std::string_view::npos && ++depth < kDeepest; dot = rest.find('.')) {
      node = &child_of(*node, rest.substr(0, dot));
      rest.remove_prefix(dot + 1);
    }
    child_of(*node, rest).tensor = file.find(full);
  }
  return root;
}

void describe(TreeNode& node) {
  if (node.tensor) {
    node.form = format("{} {}", shape_text(*node.tensor), node.tensor->dtype);
    node.bytes = node.tensor->bytes;
  }
  for (const auto& child : node.children) {
    describe(*child);
    node.form += format("({} {})", child->name, child->form);
    node.bytes += child->bytes;
  }
}

// The first node behind `first` that isn't like it.
size_t end_of_alike(const std::vector<std::unique_ptr<TreeNode>>& nodes, size_t first) {
  size_t end = first + 1;
  if (!is_number(nodes[first]->name)) return end;
  while (end < nodes.size() && is_number(nodes[end]->name) && nodes[end]->form == nodes[first]->form) ++end;
  return end;
}

// Nodes that have one child and nothing else are one line with it.
const TreeNode& last_of_chain(const TreeNode& node, std::string& name) {
  if (node.tensor || node.children.size() != 1) return node;
  name += "." + shown(node.children[0]->name);
  return last_of_chain(*node.children[0], name);
}

// A weight with its bias, or the like: they need no line of their own above them.
bool is_small(const TreeNode& node) {
  constexpr size_t kFew = 3;
  return !node.tensor && node.children.size() <= kFew &&
         std::ranges::all_of(node.children, [](const auto& child) { return child->tensor && child->children.empty(); });
}

void append_nodes(std::string& text, const TreeNode& parent, const std::string& before, size_t indent) {
  constexpr size_t kNameColumns = 44;
  for (size_t i = 0; i < parent.children.size();) {
    const size_t end = end_of_alike(parent.children, i), count = end - i;
    std::string name = before + shown(parent.children[i]->name);
    if (count > 1) name += ".." + shown(parent.children[end - 1]->name);
    const TreeNode& node = last_of_chain(*parent.children[i], name);
    const std::string label = format("{:{}}{}", "", indent, name);
    const std::string times = count > 1 ? format("  each, {} x", count) : "";
    i = end;
    if (count == 1 && is_small(node)) {
      append_nodes(text, node, name + ".", indent);
      continue;
    }
    if (node.tensor)
      text += format("{:<{}} {:<16} {:<7} {:>9}{}\n", label, kNameColumns, shape_text(*node.tensor), node.tensor->dtype,
                     bytes_text(node.bytes), times);
    else text += format("{:<{}} {:>34}{}\n", label, kNameColumns, bytes_text(node.bytes), times);
    append_nodes(text, node, "", indent + 2);
  }
}

}  // namespace

std::string shown(std::string_view text) {
  std::string clean = to_utf8(text);
  std::ranges::replace_if(clean, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return clean;
}

std::string bytes_text(uint64_t bytes) {
  constexpr std::array<const char*, 4> kUnits = {"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return format("{} B", bytes);
  auto number = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  for (; number >= 999.95 && unit + 1 < kUnits.size(); ++unit) number /= 1000;
  return format("{:.1f} {}", number, kUnits[unit]);
}

std::string name_tree(const TensorFile& file) {
  TreeNode root = tree_of(file);
  describe(root);
  std::string text;
  append_nodes(text, root, "", 0);
  return text;
}

}  // namespace glid
