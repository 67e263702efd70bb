#include "feature_source.h"

#include <algorithm>

#include "glid/config/read.h"
#include "glid/config/tree.h"
#include "glid/core/format.h"
#include "glid/core/utf8.h"
#include "glid/formats/sha256.h"
#include "glid/model/find_encoder.h"
#include "glid/train/checkpoint.h"
#include "glid/train/run_config.h"
#include "glid/train/weights_file.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kUsualSizePx = 224;  // of encoders whose files don't tell what they learned from

// Ascending, each once, from 1 to 4.
void require_stages(const std::vector<int64_t>& stages) {
  for (size_t i = 0; i < stages.size(); ++i)
    if (stages[i] < 1 || stages[i] > kNumStages || (i > 0 && stages[i] <= stages[i - 1]))
      throw UsageError("--stages", format("must be numbers from 1 to {}, ascending", kNumStages),
                       glid::format("{}", fmt::join(stages, ",")));
}

FeatureOptions options_of(const FeatureArguments& arguments, const std::vector<int64_t>& own_stages) {
  FeatureOptions options{.transform = config::parse_name<FeatureTransform>("--transform", arguments.transform),
                         .pool = config::parse_name<FeaturePool>("--pool", arguments.pool),
                         .stages = arguments.stages.empty() ? own_stages : arguments.stages,
                         .batch = arguments.batch,
                         .max_bad_files = arguments.max_bad_files};
  require_stages(options.stages);
  if (options.pool != FeaturePool::kCls) return options;
  if (!arguments.stages.empty())
    throw UsageError("--stages", "is about the encoder's maps, --pool cls about the decoder's answer", "",
                     "give one of them");
  if (arguments.checkpoint.empty())
    throw UsageError("--pool", "is the decoder's answer, and --encoder gives an encoder alone", "cls",
                     "--checkpoint takes a run with its decoder");
  return options;
}

void require_decoder(const RunConfig& config) {
  if (input_of(config.task) != HeadInput::kQueries)
    throw UsageError("--pool",
                     format("is the decoder's answer, and a model of task.name: {} has none", config::name_of(config.task)),
                     "cls", "mean, or none for maps");
}

void take_last_stage(FeatureOptions& options, const std::vector<int64_t>& asked) {
  const std::vector<int64_t> last{kNumStages};
  if (!asked.empty() && asked != last)
    throw UsageError("--stages", "are of a pyramid, and this ViT has its last map alone",
                     glid::format("{}", fmt::join(asked, ",")), format("--stages {}", kNumStages));
  options.stages = last;
}

RunConfig config_of_run(const fs::path& run) {
  if (!is_run_or_checkpoint(run))
    throw DataError(run.string(), fs::exists(run) ? "is not a run or a checkpoint folder" : "does not exist", {},
                    fs::is_regular_file(run) ? "--encoder takes files of weights" : "");
  RunConfig config;
  config::read(config::load_tree(find_checkpoint(run).folder / "config.yaml"), config);
  return config;
}

}  // namespace

FeatureSource open_feature_source(const FeatureArguments& arguments, const std::vector<int64_t>& own_stages) {
  FeatureSource source{.options = options_of(arguments, own_stages)};
  const bool is_run = !arguments.checkpoint.empty();
  source.options.size_px = kUsualSizePx;
  source.why_size = "the usual one of an encoder alone: --size sets another";
  if (is_run) {
    const RunConfig config = config_of_run(arguments.checkpoint);
    if (source.options.pool == FeaturePool::kCls) require_decoder(config);
    source.model = config.model;
    source.options.size_px = config.data.image_size;
    source.why_size = "the run's data.image_size";
  }
  if (arguments.size_px) source.options.size_px = *arguments.size_px, source.why_size = "--size";
  source.weights = weights_file(is_run ? arguments.checkpoint : arguments.encoder);
  return source;
}

std::shared_ptr<FeatureNet> load_net(FeatureSource& source, const FeatureArguments& arguments) {
  const FeatureWeights weights{source.weights, arguments.model, arguments.strict};
  auto net =
      source.options.pool == FeaturePool::kCls ? load_with_decoder(weights, source.model->shape()) : load_encoder(weights);
  unit_grid(source.options.size_px, source.options.size_px, net->shape().unit_px(), "--size");
  if (!net->shape().has_pyramid()) take_last_stage(source.options, arguments.stages);
  return net;
}

std::map<std::string, std::string> description_of(const FeatureSource& source, const FeatureNet& net) {
  return {{"model", encoder_text(net.shape()) + (net.has_decoder() ? " with its decoder" : "")},
          {"weights", to_utf8(source.weights.string())},
          {"weights_sha256", sha256_of_file(source.weights)}};
}

}  // namespace glid
