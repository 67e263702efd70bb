#include "yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "glid/core/error.h"

namespace glid::config {
namespace {

// Builds the nodes from the parser's events; the library's own tree has neither repeated keys nor an end to stray text.
class NodeBuilder final : public YAML::EventHandler {
 public:
  explicit NodeBuilder(const OriginOfLine& origin) : origin_(origin) {}

  Node take_root() { return std::move(root_); }
  int first_line() const { return first_line_; }

  void OnDocumentStart(const YAML::Mark& mark) override { first_line_ = mark.line + 1; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(value_at(mark, Node::Kind::kNull)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw UsageError(origin_(mark.line + 1), "YAML aliases are not used here", {}, "write the value, or include a file");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& text) override {
    if (expects_key()) {
      open_.back().key = text;
      open_.back().key_origin = origin_(mark.line + 1);
      return;
    }
    Node node = value_at(mark, Node::Kind::kScalar);
    node.text = text;
    node.quoted = tag != "?";
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open_.push_back({value_at(mark, Node::Kind::kList)});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open_.push_back({value_at(mark, Node::Kind::kBlock)});
  }
  void OnMapEnd() override { close(); }

 private:
  // A list or block whose end has not come yet.
  struct Open {
    Node node;
    std::optional<std::string> key;  // of the value that comes next in a block
    std::string key_origin;
  };

  bool expects_key() const { return !open_.empty() && open_.back().node.is_block() && !open_.back().key; }

  Node value_at(const YAML::Mark& mark, Node::Kind kind) const {
    const std::string origin = origin_(mark.line + 1);
    if (expects_key()) throw UsageError(origin, "a key must be a name", {}, "is a bracket left open?");
    return {.kind = kind, .origin = origin};
  }

  void add(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.key) {
      node.key = *std::exchange(parent.key, std::nullopt);
      node.origin = parent.key_origin;
    }
    parent.node.children.push_back(std::move(node));
  }

  void close() {
    Node done = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(done));
  }

  const OriginOfLine& origin_;
  Node root_;
  std::vector<Open> open_;
  int first_line_ = 1;
};

}  // namespace

Node parse_yaml(std::string_view text, const OriginOfLine& origin) {
  std::istringstream in{std::string(text)};
  NodeBuilder document(origin);
  NodeBuilder stray(origin);
  try {
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(document)) return {.origin = origin(1)};
    if (!parser.HandleNextDocument(stray)) return document.take_root();
  } catch (const YAML::Exception& error) {
    throw UsageError(origin(std::max(1, error.mark.line + 1)), "is not valid YAML: " + error.msg);
  }
  throw UsageError(origin(stray.first_line()), "this does not belong to the YAML before it");
}

}  // namespace glid::config
