#include "name_tree.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/core/rng.h"
#include "glid/core/utf8.h"

namespace glid {
namespace {

struct TreeNode {
  std::string name;
  const TensorInfo* tensor = nullptr;  // a name may be both a tensor's and the beginning of others
  std::vector<std::unique_ptr<TreeNode>> children;
  std::map<std::string, TreeNode*, std::less<>> by_name;
  uint64_t form = 0;  // a hash of what is below it, without names of its own: nodes that are alike have the same
  uint64_t bytes = 0;
};

std::optional<int64_t> number_of(std::string_view name) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_number = error == std::errc() && end == name.data() + name.size();
  return is_number ? std::optional(number) : std::nullopt;
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
    node.form = stable_hash(format("{} {}", shape_text(*node.tensor), node.tensor->dtype));
    node.bytes = node.tensor->bytes;
  }
  for (const auto& child : node.children) {
    describe(*child);
    node.form = stable_hash(format("{} {} {}", node.form, child->name, child->form));
    node.bytes += child->bytes;
  }
}

using Alike = std::vector<const TreeNode*>;

// Neighbours in groups: those with numbers for names and the same form are one, where the first of them stands.
std::vector<Alike> groups_of(const TreeNode& parent) {
  std::vector<Alike> groups;
  std::map<uint64_t, size_t> by_form;
  for (const auto& node : parent.children) {
    const auto [place, is_new] = by_form.emplace(node->form, groups.size());
    if (!is_new && number_of(node->name)) {
      groups[place->second].push_back(node.get());
      continue;
    }
    if (!number_of(node->name) && is_new) by_form.erase(place);
    groups.push_back({node.get()});
  }
  return groups;
}

// "3", "0..17", "0, 2 .. 16", or all of them.
std::string names_text(const Alike& nodes) {
  std::vector<std::string> names;
  std::set<int64_t> steps;
  for (size_t i = 0; i < nodes.size(); ++i) {
    names.push_back(printable(nodes[i]->name));
    if (i > 0) steps.insert(*number_of(nodes[i]->name) - *number_of(nodes[i - 1]->name));
  }
  if (steps == std::set<int64_t>{1}) return format("{}..{}", names[0], names.back());
  if (steps.size() == 1 && names.size() > 2) return format("{}, {} .. {}", names[0], names[1], names.back());
  return join(names, ", ");
}

// Nodes that have one child and nothing else are one line with it.
const TreeNode& last_of_chain(const TreeNode& node, std::string& name) {
  if (node.tensor || node.children.size() != 1) return node;
  name += "." + printable(node.children[0]->name);
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
  for (const Alike& alike : groups_of(parent)) {
    std::string name = before + names_text(alike);
    const TreeNode& node = alike.size() > 1 ? *alike[0] : last_of_chain(*alike[0], name);
    const std::string label = format("{:{}}{}", "", indent, name);
    const std::string times = alike.size() > 1 ? format("  each, {} x", alike.size()) : "";
    if (alike.size() == 1 && is_small(node)) {
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
