#include "trained_model.h"

#include <algorithm>

#include "glid/config/read.h"
#include "glid/config/tree.h"
#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {

namespace fs = std::filesystem;

RunConfig config_of_checkpoint(const Checkpoint& checkpoint, const ConfigSources& sources) {
  const fs::path own = checkpoint.folder / "config.yaml";
  config::Tree tree = config::load_tree(sources.file.empty() ? own : sources.file, sources.overrides);
  for (const auto& [key, value, name] : sources.options)
    if (!value.empty()) config::set_option(tree, key, value, name);
  RunConfig config, trained;
  config::read(tree, config);
  config::read(config::load_tree(own), trained);
  if (config.task.index() != trained.task.index())
    throw UsageError(checkpoint.folder.string(), "is a checkpoint of another task",
                     format("{} for {}", config::name_of(trained.task), config::name_of(config.task)));
  return config;
}

std::shared_ptr<Glid> load_model(const RunConfig& config, const Checkpoint& checkpoint, const Task& task,
                                 const c10::Device& device) {
  const std::string stem = stem_of_weights(checkpoint, config.eval.weights, "eval.weights");
  auto model = std::make_shared<Glid>(config.model.shape(), task.spec());
  checkpoint.load(stem, named_parameters(*model));
  model->to(device);
  return model;
}

int64_t batch_size(int64_t asked, const RunConfig& config, const RunState& state) {
  if (asked > 0) return asked;
  return std::max<int64_t>(1, config.train.batch_size / (config.train.accumulate * state.ranks));
}

}  // namespace glid
