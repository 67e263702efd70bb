#include "glid/config/read.h"

#include <algorithm>
#include <map>
#include <utility>

#include "glid/config/nearest.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/join.h"

namespace glid::config {
namespace {

struct Mistake {
  std::string origin;
  std::string what;
  std::string value;
  std::string hint;
  std::string unknown_key;  // set where the hint may be the same key in another block

  std::string line() const { return UsageError(origin, what, value, hint).what(); }
};

// One block of the tree while its keys are visited.
struct Block {
  const Node* node = nullptr;  // null when nobody wrote it
  std::string path;
  size_t mistakes_before = 0;
  std::vector<std::string> known;
  std::map<std::string, std::string> of_other_alternatives;  // key -> "task.name: detection, pose"
  const Node* choice = nullptr;                              // that picked the alternative
  std::vector<std::function<void(Problems&)>> checks;

  std::string path_of(std::string_view name) const { return path.empty() ? std::string(name) : format("{}.{}", path, name); }
  const Node* find(std::string_view name) const { return node == nullptr ? nullptr : node->find(name); }
};

const Node* find_path(const Node* node, std::string_view path) {
  while (node != nullptr && !path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    node = node->find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return node;
}

class FoundByCheck final : public Problems {
 public:
  FoundByCheck(const Block& block, std::vector<Mistake>& mistakes) : block_(block), mistakes_(mistakes) {}

  void add(std::string_view path, const std::string& what, const std::string& value, const std::string& hint) override {
    const Node* node = find_path(block_.node, path);
    const std::string written = node == nullptr || node->is_block() ? "" : node->value_text();
    mistakes_.push_back({.origin = node == nullptr ? "(default)" : node->origin,
                         .what = block_.path_of(path) + " " + what,
                         .value = value.empty() ? written : value,
                         .hint = hint});
  }

 private:
  const Block& block_;
  std::vector<Mistake>& mistakes_;
};

class Reader final : public Visitor {
 public:
  explicit Reader(const Tree& tree) : tree_(tree) { blocks_.push_back({.node = &tree.root}); }

  void value(const Field& field) override {
    const Node* node = find_known(field.name);
    const std::string path = block().path_of(field.name);
    if (node != nullptr) {
      if (!field.read(*node)) add_wrong_value(*node, path, field.type());
    } else if (field.required) {
      add({.origin = written_block_origin(),
           .what = path + " is missing",
           .hint = format("it takes {}: {}", field.type().expectation(), field.help)});
    }
  }

  void enter(std::string_view name, std::string_view) override {
    const Node* node = find_known(name);
    Block next{.node = node, .path = block().path_of(name), .mistakes_before = mistakes_.size()};
    if (node != nullptr && !node->is_block() && !node->is_null()) {
      add({.origin = node->origin,
           .what = next.path + " must be a block of keys",
           .value = node->value_text(),
           .hint = format("such as {}={{key: value}}, or {}.key=value", next.path, next.path)});
    }
    blocks_.push_back(std::move(next));
  }

  void leave() override {
    add_unknown_keys();
    const Block done = std::move(blocks_.back());
    blocks_.pop_back();
    if (mistakes_.size() > done.mistakes_before) return;
    FoundByCheck problems(done, mistakes_);
    for (const auto& check : done.checks) check(problems);
  }

  std::vector<size_t> choose(const Choice& choice) override {
    const Node* node = find_known(choice.name);
    const auto index = node == nullptr ? choice.current : read_name(*node, choice.names);
    block().choice = node;
    if (!index) add_wrong_value(*node, block().path_of(choice.name), names_type(choice.names));
    const std::string picks = block().path_of(choice.name) + ": ";
    for (size_t i = 0; i < choice.names.size(); ++i) {
      if (index == i) continue;
      for (const std::string& key : choice.keys(i)) {
        if (!index) block().known.push_back(key);  // nobody can tell whether it belongs here
        std::string& owners = block().of_other_alternatives[key];
        owners += (owners.empty() ? picks : ", ") + std::string(choice.names[i]);
      }
    }
    return {index.value_or(choice.current)};
  }

  void check(const std::function<void(Problems&)>& check) override { block().checks.push_back(check); }

  void finish() {
    leave();
    std::vector<std::string> lines = tree_.repeated;
    for (Mistake& mistake : mistakes_) {
      if (!mistake.unknown_key.empty()) suggest_other_block(mistake);
      lines.push_back(mistake.line());
    }
    if (lines.size() == 1) throw UsageError("", lines[0]);
    if (!lines.empty()) {
      throw UsageError(tree_.root.origin, format("{} problems\n  {}", lines.size(), join(lines, "\n  ")));
    }
  }

 private:
  Block& block() { return blocks_.back(); }
  void add(Mistake mistake) { mistakes_.push_back(std::move(mistake)); }

  const Node* find_known(std::string_view name) {
    block().known.emplace_back(name);
    all_paths_.push_back(block().path_of(name));
    return block().find(name);
  }

  // Of the innermost block that somebody wrote.
  std::string written_block_origin() const {
    const auto written = std::find_if(blocks_.rbegin(), blocks_.rend(), [](const Block& b) { return b.node != nullptr; });
    return written->node->origin;
  }

  void add_wrong_value(const Node& node, const std::string& path, const TypeInfo& type) {
    const bool may_be_typo = node.kind == Node::Kind::kScalar && !type.is_list;
    add({.origin = node.origin,
         .what = format("{} must be {}", path, type.expectation()),
         .value = node.value_text(),
         .hint = may_be_typo ? suggestion(nearest(node.text, type.names)) : ""});
  }

  void add_unknown_keys() {
    if (block().node == nullptr || !block().node->is_block()) return;
    for (const Node& child : block().node->children) {
      const auto& known = block().known;
      if (std::find(known.begin(), known.end(), child.key) == known.end() && !is_left_behind(child)) add_unknown_key(child);
    }
  }

  // A key of the file that belongs to the alternative which a --set has replaced by another.
  bool is_left_behind(const Node& node) {
    const auto is_override = [](const Node* n) { return n != nullptr && n->origin.starts_with("--set"); };
    return is_override(block().choice) && !is_override(&node) && block().of_other_alternatives.contains(node.key);
  }

  void add_unknown_key(const Node& node) {
    const std::string path = block().path_of(node.key);
    Mistake mistake{
        .origin = node.origin, .what = path + " is not a known key", .value = node.is_block() ? "" : node.value_text()};
    const auto other = block().of_other_alternatives.find(node.key);
    const std::string near = nearest(node.key, block().known);
    if (other != block().of_other_alternatives.end()) {
      mistake.hint = "it belongs to " + other->second;
    } else if (!near.empty()) {
      mistake.hint = suggestion(block().path_of(near));
    } else {
      mistake.hint = "known here: " + join(block().known, ", ");
      mistake.unknown_key = node.key;
    }
    add(std::move(mistake));
  }

  void suggest_other_block(Mistake& mistake) const {
    const auto same_key = [&](const std::string& path) { return path.ends_with("." + mistake.unknown_key); };
    const auto found = std::find_if(all_paths_.begin(), all_paths_.end(), same_key);
    if (found != all_paths_.end()) mistake.hint = suggestion(*found);
  }

  const Tree& tree_;
  std::vector<Block> blocks_;
  std::vector<Mistake> mistakes_;
  std::vector<std::string> all_paths_;
};

}  // namespace

void read_fields(const Tree& tree, const VisitStruct& visit_struct) {
  Reader reader(tree);
  visit_struct(reader);
  reader.finish();
}

}  // namespace glid::config
