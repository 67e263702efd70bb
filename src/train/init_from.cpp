#include "glid/train/init_from.h"

#include <algorithm>
#include <sstream>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/model/init.h"
#include "glid/model/weights.h"
#include "glid/train/architecture.h"
#include "glid/train/weights_file.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// What the shapes of a part's tensors don't tell, and without which they are another model's.
struct PartFact {
  std::string part;
  std::string in_config;        // the key of a run's configuration; empty: it has none
  std::string in_architecture;  // the member of the JSON beside weights
  std::string value;            // of this model

  const std::string& name() const { return in_config.empty() ? in_architecture : in_config; }
};

std::vector<PartFact> facts_of(const Glid& model) {
  std::vector<PartFact> facts{{"heads", "", "reads", std::string(config::name_of(model.spec.reads))}};
  if (model.decoder)
    facts.push_back({"decoder", "model.decoder.heads", "decoder.heads", std::to_string(model.shape.decoder.heads)});
  if (model.unit_decoder)
    facts.push_back(
        {"unit_decoder", "task.decoder.heads", "unit_decoder.heads", std::to_string(model.spec.unit_decoder.heads)});
  return facts;
}

// Of a path "a.b"; null: not there.
template <class Node>
const Node* find_path(const Node& root, const std::string& path) {
  const Node* node = &root;
  std::istringstream keys(path);
  for (std::string key; node && std::getline(keys, key, '.');) node = node->find(key);
  return node;
}

// As they stand there; empty: nobody says.
class SaidOfWeights {
 public:
  explicit SaidOfWeights(const fs::path& file) {
    const fs::path config = file.parent_path() / "config.yaml", json = fs::path(file).replace_extension(".json");
    if (is_run_or_checkpoint(file.parent_path()) && fs::is_regular_file(config)) config_ = config::load_tree(config).root;
    else if (fs::is_regular_file(json)) architecture_ = Json::parse(read_file(json), json.string());
  }

  std::string value(const PartFact& fact) const {
    if (const config::Node* node = fact.in_config.empty() ? nullptr : find_path(config_, fact.in_config))
      return node->value_text();
    const Json* member = is_architecture(architecture_) ? find_path(architecture_, fact.in_architecture) : nullptr;
    if (member == nullptr) return {};
    std::string text = member->dump();
    std::erase(text, '"');
    return text;
  }

 private:
  config::Node config_;
  Json architecture_;
};

void require_alike(const Glid& model, const fs::path& file, const std::vector<std::string>& parts) {
  const SaidOfWeights said(file);
  for (const PartFact& fact : facts_of(model)) {
    if (std::ranges::find(parts, fact.part) == parts.end()) continue;
    if (const std::string there = said.value(fact); !there.empty() && there != fact.value)
      throw UsageError(file.string(), format("has {} of another model", fact.part),
                       format("{}: {} there, {} here", fact.name(), there, fact.value),
                       format("init.parts leaves {} out", fact.part));
  }
}

}  // namespace

void initialise_from(Glid& model, const RunConfig& config) {
  initialise(model, config.seed);
  if (config.init.from.empty()) return;
  const LoadOptions options{config.init.parts ? AbsentPart::kRefuse : AbsentPart::kReport, config.init.strict,
                            config.init.bias_tables};
  const auto parts = config.init.parts.value_or(std::vector<std::string>{"encoder", "bifpn", "decoder"});
  const fs::path file = weights_file(config.init.from);
  require_alike(model, file, parts);
  log_info("{}", load_weights(model, file, parts, options).text());
}

}  // namespace glid
