#include "glid/config/tree.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "glid/core/environment.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "yaml.h"

namespace glid::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kInclude = "include";

template <class AnyNode>
AnyNode* find_child(AnyNode& block, std::string_view name) {
  if (!block.is_block()) return nullptr;
  const auto same_key = [name](const Node& child) { return child.key == name; };
  const auto found = std::find_if(block.children.begin(), block.children.end(), same_key);
  return found == block.children.end() ? nullptr : &*found;
}

std::string join_path(const std::string& block, const std::string& name) {
  return block.empty() ? name : block + "." + name;
}

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> names{""};
  for (const char c : path) {
    if (c == '.') names.emplace_back();
    else names.back() += c;
  }
  return names;
}

// The file, or the one of that name that comes with the programs, `below` a folder there.
fs::path find_config(const fs::path& file, const fs::path& name, const char* below) {
  std::error_code ignored;
  const fs::path folder = shipped_folder();
  if (folder.empty() || name.is_absolute() || fs::exists(file, ignored)) return file;
  const fs::path shipped = folder / below / name;
  return fs::exists(shipped, ignored) ? shipped : file;
}

// A configuration may come through a pipe.
std::string content_of(const fs::path& file) {
  if (!fs::is_fifo(file) && !fs::is_character_file(file)) return read_file(file);
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string read_config_file(const fs::path& file, const std::string& where) {
  try {
    return content_of(file);
  } catch (const DataError&) {
    const char* what = !fs::exists(file) ? "does not exist" : fs::is_directory(file) ? "is a folder" : "can't be read";
    throw UsageError(where, format("the configuration file {}", what), file.string(),
                     where.empty() ? ""
                                   : "an included file is looked for beside the file that includes it, and in the configs "
                                     "that come with the programs");
  }
}

Node parse_block(std::string_view text, const fs::path& name) {
  Node root = parse_yaml(text, [&](int line) { return format("{}:{}", name.string(), line); });
  if (root.is_null()) root.kind = Node::Kind::kBlock;
  if (!root.is_block()) throw UsageError(root.origin, "must be a block of keys", root.value_text());
  root.origin = name.string();
  return root;
}

void list_repeated(const Node& node, const std::string& path, std::vector<std::string>& repeated) {
  for (const Node& child : node.children) {
    const std::string child_path = child.key.empty() ? path : join_path(path, child.key);
    const Node* first = node.find(child.key);
    if (first != nullptr && first != &child) {
      repeated.push_back(UsageError(child.origin, child_path + " is written twice", {}, "first at " + first->origin).what());
    }
    list_repeated(child, child_path, repeated);
  }
}

Node& child_or_new(Node& block, const std::string& name, const std::string& origin) {
  if (!block.is_block()) block = Node{.kind = Node::Kind::kBlock, .key = block.key, .origin = origin};
  if (Node* child = find_child(block, name)) return *child;
  return block.children.emplace_back(Node{.key = name, .origin = origin});
}

Node& place_of(Node& root, const std::vector<std::string>& path, const std::string& origin) {
  Node* target = &root;
  for (const std::string& name : path) target = &child_or_new(*target, name, origin);
  return *target;
}

void place(Node& root, const std::vector<std::string>& path, Node value) {
  value.key = path.back();
  Node& target = place_of(root, path, value.origin);
  target = std::move(value);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n";
  const size_t first = std::min(text.find_first_not_of(kBlanks), text.size());
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

// Lists, blocks and quoted text are YAML; anything else is the value itself, whatever is in it ("run #3", "a: b").
Node parse_value(std::string_view text, const std::string& origin) {
  constexpr std::string_view kYaml = "[{\"'";
  if (text.empty() || text == "null" || text == "~") return {.origin = origin};
  if (kYaml.find(text.front()) != std::string_view::npos) return parse_yaml(text, [&](int) { return origin; });
  return {.kind = Node::Kind::kScalar, .text = std::string(text), .origin = origin};
}

// The leaves of `over` replace those of `base`; lists are leaves.
void override_leaves(Node& base, Node over) {
  if (!base.is_block() || !over.is_block()) {
    base = std::move(over);
    return;
  }
  for (Node& child : over.children) {
    if (Node* below = find_child(base, child.key)) override_leaves(*below, std::move(child));
    else base.children.push_back(std::move(child));
  }
}

void apply_override(Node& root, const std::string& override_text) {
  const std::string origin = "--set " + override_text;
  const size_t equals = override_text.find('=');
  const std::vector<std::string> names = split_path(override_text.substr(0, equals));
  const bool has_empty_name = std::find(names.begin(), names.end(), "") != names.end();
  if (equals == std::string::npos || has_empty_name) {
    throw UsageError(origin, "must be KEY=VALUE", {}, "e.g. --set optim.lr=1e-3");
  }
  Node value = parse_value(trimmed(std::string_view(override_text).substr(equals + 1)), origin);
  value.key = names.back();
  override_leaves(place_of(root, names, origin), std::move(value));
}

void refuse_includes(const Node& node) {
  if (const Node* include = node.find(kInclude)) {
    throw UsageError(include->origin, "an included file can't include another", include->value_text());
  }
  for (const Node& child : node.children) refuse_includes(child);
}

class Includer {
 public:
  Includer(fs::path folder, std::vector<std::string>& repeated) : folder_(std::move(folder)), repeated_(repeated) {}

  void expand(Node& block, const std::string& path) {
    for (Node& child : block.children) expand(child, join_path(path, child.key));
    const Node* include = block.find(kInclude);
    if (include == nullptr) return;
    if (path.empty()) {
      const char* hint = "a configuration is one file: model: {include: FILE} pastes one block";
      throw UsageError(include->origin, "include belongs inside a block", include->value_text(), hint);
    }
    Node included = load(*include, path);
    std::erase_if(block.children, [](const Node& child) { return child.key == kInclude; });
    included.key = block.key;
    included.origin = block.origin;
    override_leaves(included, std::move(block));
    block = std::move(included);
  }

 private:
  Node load(const Node& include, const std::string& path) {
    if (include.kind != Node::Kind::kScalar) {
      throw UsageError(include.origin, join_path(path, "include") + " must be a file", include.value_text());
    }
    const fs::path file = find_config((folder_ / include.text).lexically_normal(), include.text, "configs");
    Node block = parse_block(read_config_file(file, include.origin), file);
    refuse_includes(block);
    list_repeated(block, path, repeated_);
    return block;
  }

  fs::path folder_;
  std::vector<std::string>& repeated_;
};

}  // namespace

const Node* Node::find(std::string_view name) const { return find_child(*this, name); }

std::string Node::value_text() const {
  if (kind == Kind::kNull) return "null";
  if (kind == Kind::kScalar) return quoted ? Json(text).dump() : text;
  std::string list;
  for (const Node& child : children) {
    list += (list.empty() ? "" : ", ") + (is_block() ? child.key + ": " : "") + child.value_text();
  }
  return is_list() ? "[" + list + "]" : "{" + list + "}";
}

std::string Tree::origin(std::string_view path) const {
  const Node* node = &root;
  for (const std::string& name : split_path(path)) {
    node = node->find(name);
    if (node == nullptr) return "(default)";
  }
  return node->origin;
}

Tree load_tree(const fs::path& name, const std::vector<std::string>& overrides) {
  const fs::path file = find_config(name, name, "");
  const std::string text = read_config_file(file, {});
  if (trimmed(text).empty()) throw UsageError(file.string(), "the configuration file is empty");
  return parse_tree(text, file, overrides);
}

Tree parse_tree(std::string_view text, const fs::path& name, const std::vector<std::string>& overrides) {
  Tree tree;
  tree.root = parse_block(text, name);
  list_repeated(tree.root, "", tree.repeated);
  for (const std::string& override_text : overrides) apply_override(tree.root, override_text);
  Includer(name.parent_path(), tree.repeated).expand(tree.root, "");
  return tree;
}

void set_text(Tree& tree, std::string_view path, const std::string& text, const std::string& origin) {
  place(tree.root, split_path(path), {.kind = Node::Kind::kScalar, .text = text, .quoted = true, .origin = origin});
}

void set_option(Tree& tree, std::string_view path, const std::string& text, const std::string& option) {
  if (const std::string origin = tree.origin(path); origin.starts_with("--set"))
    throw UsageError(origin, "is set by an option too", format("{} {}", option, text), "give one of the two");
  set_text(tree, path, text, option);
}

}  // namespace glid::config
