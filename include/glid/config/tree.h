// A configuration as written: YAML with the place every value came from, before any struct reads it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace glid::config {

// One value of the file or of a --set.
struct Node {
  enum class Kind { kNull, kScalar, kList, kBlock };
  Kind kind = Kind::kNull;
  std::string key;             // inside a block, else empty
  std::string text;            // a scalar's characters
  bool quoted = false;         // a scalar in quotes is text, whatever it looks like
  std::string origin;          // "configs/a.yaml:12" or "--set a.b=v"
  std::vector<Node> children;  // elements of a list, keys of a block in the order of the file

  bool is_null() const { return kind == Kind::kNull; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_block() const { return kind == Kind::kBlock; }
  // The child of that key, or null.
  const Node* find(std::string_view name) const;
  // The value as one line of YAML, for messages.
  std::string value_text() const;
};

struct Tree {
  Node root;                          // a block
  std::vector<std::string> repeated;  // one line for each key written twice; read() reports them beside its own findings

  // Where the value of a full path ("optim.lr") came from; "(default)" if nobody wrote it.
  std::string origin(std::string_view path) const;
};

// Reads a YAML file, applies the overrides (each "a.b=v": lists, blocks and quoted text in YAML, anything else as it stands;
// a block changes the keys that it names; missing blocks are made; the last wins) and then replaces `include: models/x.yaml`
// inside a block by that file's content, over which the keys beside it win leaf by leaf. Included paths are relative to
// `file`, those of overrides too. What isn't there is looked for in shipped_folder(): the file by its relative name, an
// included one below its configs. Throws UsageError, one line with file:line, for a file that can't be read, is empty, is
// not YAML, includes at its top level or from an included file, and for a malformed override.
Tree load_tree(const std::filesystem::path& file, const std::vector<std::string>& overrides = {});

// The same from text; `name` stands for the file's path.
Tree parse_tree(std::string_view text, const std::filesystem::path& name, const std::vector<std::string>& overrides = {});

// Puts a text at a full path, in the place of what is there: the value of an option of its own ("--root"), its origin.
void set_text(Tree& tree, std::string_view path, const std::string& text, const std::string& origin);

// The same where the path is the option's alone: throws UsageError when a --set has it too.
void set_option(Tree& tree, std::string_view path, const std::string& text, const std::string& option);

}  // namespace glid::config
