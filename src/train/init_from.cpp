#include "glid/train/init_from.h"

#include <algorithm>
#include <variant>

#include "glid/config/read.h"
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
  std::string name;   // as messages have it
  std::string value;  // empty: nobody says
};
using PartFacts = std::vector<PartFact>;

PartFact heads_fact(HeadInput reads) { return {"heads", "reads", std::string(config::name_of(reads))}; }
PartFact decoder_fact(std::string heads) { return {"decoder", "model.decoder.heads", std::move(heads)}; }
PartFact unit_decoder_fact(std::string heads) { return {"unit_decoder", "task.decoder.heads", std::move(heads)}; }

PartFacts facts_of(const Glid& model) {
  PartFacts facts{heads_fact(model.spec.reads)};
  if (model.decoder) facts.push_back(decoder_fact(std::to_string(model.shape.decoder.heads)));
  if (model.unit_decoder) facts.push_back(unit_decoder_fact(std::to_string(model.spec.unit_decoder.heads)));
  return facts;
}

// Of a run, by its configuration. Only what it has counts: all have model.decoder, those too that decode nothing.
PartFacts facts_of_run(const fs::path& file) {
  RunConfig run;
  config::read(config::load_tree(file), run);
  const HeadInput reads = input_of(run.task);
  PartFacts facts{heads_fact(reads)};
  if (reads == HeadInput::kQueries) facts.push_back(decoder_fact(std::to_string(run.model.decoder.heads)));
  std::visit(
      [&](const auto& task) {
        if constexpr (requires { task.decoder.heads; })
          facts.push_back(unit_decoder_fact(std::to_string(task.decoder.heads)));
      },
      run.task);
  return facts;
}

// Of the JSON beside weights, if it is one of ours.
PartFacts facts_of_architecture(const fs::path& file) {
  const Json json = Json::parse(read_file(file), file.string());
  if (!is_architecture(json)) return {};
  const auto member = [](const Json* object, const char* key) {
    const Json* found = object && object->is_object() ? object->find(key) : nullptr;
    std::string text = found ? found->dump() : "";
    std::erase(text, '"');
    return text;
  };
  return {{"heads", "reads", member(&json, "reads")},
          decoder_fact(member(json.find("decoder"), "heads")),
          unit_decoder_fact(member(json.find("unit_decoder"), "heads"))};
}

// What is said of weights by the file beside them. One that can't be read, of another program or of another time, says
// nothing.
PartFacts facts_beside(const fs::path& file) {
  const fs::path config = file.parent_path() / "config.yaml", json = fs::path(file).replace_extension(".json");
  try {
    if (is_run_or_checkpoint(file.parent_path()) && fs::is_regular_file(config)) return facts_of_run(config);
    if (fs::is_regular_file(json)) return facts_of_architecture(json);
  } catch (const Error& error) {
    log_rank_zero_warning("what the weights are of is not known: {}", error.what());
  }
  return {};
}

void require_alike(const Glid& model, const fs::path& file, const std::vector<std::string>& parts) {
  const PartFacts beside = facts_beside(file);
  for (const PartFact& here : facts_of(model)) {
    if (std::ranges::find(parts, here.part) == parts.end()) continue;
    const auto there = std::ranges::find(beside, here.part, &PartFact::part);
    if (there != beside.end() && !there->value.empty() && there->value != here.value)
      throw UsageError(file.string(), format("has {} of another model", here.part),
                       format("{}: {} there, {} here", here.name, there->value, here.value),
                       format("init.parts leaves {} out", here.part));
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
