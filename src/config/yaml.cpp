#include "yaml.h"

#include <yaml-cpp/yaml.h>

#include <utility>

#include "glid/core/error.h"

namespace glid::config {
namespace {

constexpr int kMaxDepth = 32;  // an alias may contain itself

class Converter {
 public:
  explicit Converter(const OriginOfLine& origin) : origin_(origin) {}

  Node convert(const YAML::Node& in, const std::string& origin, int depth) const {
    if (depth > kMaxDepth) throw UsageError(origin, "blocks are nested too deeply", {}, "32 levels are allowed");
    Node out;
    out.origin = origin;
    if (in.IsScalar()) {
      out.kind = Node::Kind::kScalar;
      out.text = in.Scalar();
      out.quoted = in.Tag() != "?";
    } else if (in.IsSequence()) {
      out.kind = Node::Kind::kList;
      for (const auto& element : in) out.children.push_back(convert(element, origin_of(element, origin), depth + 1));
    } else if (in.IsMap()) {
      out.kind = Node::Kind::kBlock;
      for (const auto& member : in) out.children.push_back(convert_member(member.first, member.second, origin, depth));
    }
    return out;
  }

 private:
  Node convert_member(const YAML::Node& key, const YAML::Node& value, const std::string& block_origin, int depth) const {
    const std::string origin = origin_of(key, block_origin);
    if (!key.IsScalar()) throw UsageError(origin, "a key must be a name");
    Node out = convert(value, origin, depth + 1);
    out.key = key.Scalar();
    return out;
  }

  std::string origin_of(const YAML::Node& node, const std::string& otherwise) const {
    const YAML::Mark mark = node.Mark();
    return mark.is_null() ? otherwise : origin_(mark.line + 1);
  }

  const OriginOfLine& origin_;
};

std::vector<YAML::Node> load_documents(std::string_view text, const OriginOfLine& origin) {
  try {
    return YAML::LoadAll(std::string(text));
  } catch (const YAML::Exception& error) {
    throw UsageError(origin(error.mark.line + 1), "is not valid YAML: " + error.msg);
  }
}

}  // namespace

Node parse_yaml(std::string_view text, const OriginOfLine& origin) {
  const std::vector<YAML::Node> documents = load_documents(text, origin);
  if (documents.size() > 1) throw UsageError(origin(documents[1].Mark().line + 1), "a second YAML document begins here");
  return documents.empty() ? Node{.origin = origin(1)} : Converter(origin).convert(documents[0], origin(1), 0);
}

}  // namespace glid::config
