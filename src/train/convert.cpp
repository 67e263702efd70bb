#include "glid/train/convert.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>

#include "choose_checkpoint.h"
#include "foreign_config.h"
#include "glid/config/read.h"
#include "glid/config/tree.h"
#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/model/file_tensors.h"
#include "glid/model/find_encoder.h"
#include "glid/model/parts.h"
#include "glid/model/weights.h"
#include "glid/train/architecture.h"
#include "glid/train/weights_file.h"
#include "weight_place.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// Those of Dialect that are written.
constexpr std::array<std::string_view, 4> kWritten = {"glid", "official", "timm", "hf"};

Dialect dialect_of(const std::string& name) {
  config::parse_name_index("--to", name, kWritten);
  return config::parse_name<Dialect>("--to", name);
}

at::ScalarType type_of(const std::string& dtype) {
  switch (config::parse_name<Precision>("--dtype", dtype)) {
    case Precision::kFp16: return at::kHalf;
    case Precision::kBf16: return at::kBFloat16;
    case Precision::kFp32: break;
  }
  return at::kFloat;
}

// Nothing where the file's are kept.
std::optional<StageWindows> windows_of(const std::string& window) {
  if (window.empty()) return std::nullopt;
  SwinConfig config;
  config::read(config::parse_tree(format("window: {}", window), "--window"), config);
  return config.window->values;
}

// A checkpoint of ours with its configuration.
struct TrainedModel {
  ChosenCheckpoint chosen;
  RunConfig config;
};

// What the input means.
struct Input {
  fs::path file;
  std::optional<TrainedModel> trained;
};

Input find_input(const ConvertRequest& request) {
  if (!is_run_or_checkpoint(request.input)) {
    for (const auto& [option, value] : {std::pair{"--which", request.which}, std::pair{"--weights", request.weights}})
      if (!value.empty()) throw UsageError(option, "is for runs and checkpoints, but IN is none", request.input.string());
    return {weights_file(request.input), std::nullopt};
  }
  TrainedModel trained{choose_checkpoint(request.input, request.which), {}};
  const fs::path& folder = trained.chosen.checkpoint.folder;
  config::read(config::load_tree(folder / "config.yaml"), trained.config);
  const EvalWeights weights =
      request.weights.empty() ? trained.config.eval.weights : config::parse_name<EvalWeights>("--weights", request.weights);
  const std::string stem = stem_of_weights(trained.chosen.checkpoint, weights, "--weights");
  log_info("{} ({}), weights: {}", folder.string(), trained.chosen.why, config::name_of(weights));
  return {folder / (stem + ".safetensors"), std::move(trained)};
}

// Loads and says how.
LoadReport load_whole(torch::nn::Module& model, const fs::path& file, const std::vector<std::string>& parts, bool strict) {
  LoadReport report = load_weights(model, file, parts, {.absent = AbsentPart::kReport, .strict = strict});
  log_info("{}", report.text());
  require_whole(report, file.string());
  return report;
}

[[noreturn]] void refuse_window(const fs::path& file) {
  throw UsageError("--window", "is for Swin encoders, whose attention has windows", file.string());
}

// All that a run has learned.
struct WholeModel {
  NamedTensors tensors;
  Json architecture;
};

WholeModel whole_model(const Input& input, const std::optional<StageWindows>& windows, bool strict) {
  RunConfig config = input.trained->config;
  const Vocabulary& vocabulary = input.trained->chosen.state.vocabulary;
  if (windows) {
    SwinConfig* const swin = config.model.encoder.swin();
    if (!swin) refuse_window(input.file);
    swin->window = *windows;
  }
  const auto task = make_task(config.task, config.task_context(vocabulary));
  Glid model(config.model.shape(), task->spec());
  load_whole(model, input.file, {kModelParts.begin(), kModelParts.end()}, strict);
  return {named_parameters(model), architecture_of(config, *task, vocabulary)};
}

// The encoder of a file of any dialect.
struct LoadedEncoder {
  FoundEncoder found;
  std::shared_ptr<TokenEncoder> encoder;  // with the windows that were asked for
  std::set<std::string> not_in_file;  // parameters that keep their initial values
};

EncoderShape with_windows(const FoundEncoder& found, const StageWindows& windows, const fs::path& path) {
  if (!found.shape.swin()) refuse_window(path);
  SwinShape shape = *found.shape.swin();
  shape.windows = windows;
  return shape;
}

LoadedEncoder load_encoder(const TensorFile& file, const fs::path& path, const std::optional<StageWindows>& windows,
                           bool strict) {
  const std::optional<FoundEncoder> found = find_encoder(file, path.string());
  if (!found)
    throw DataError(path.string(), "holds no encoder in names that can be converted", {}, "docs/weights.md lists them");
  const EncoderShape shape = windows ? with_windows(*found, *windows, path) : found->shape;
  torch::nn::Module holder;
  auto encoder = holder.register_module("encoder", make_encoder(shape));
  const LoadReport report = load_whole(holder, path, {"encoder"}, strict);
  const std::vector<std::string>& kept = report.parts.at(0).kept;
  return {*found, encoder, {kept.begin(), kept.end()}};
}

// Names of other parts in a file of ours.
std::vector<std::string> names_of_other_parts(const TensorFile& file, const FoundEncoder& found) {
  std::vector<std::string> names;
  if (found.dialect != Dialect::kGlid) return names;
  for (const std::string& name : file.names()) {
    if (!name.starts_with(found.prefix)) continue;
    const std::string bare = name.substr(found.prefix.size());
    const std::string_view part = part_of_parameter(bare);
    if (part != "encoder" && std::ranges::find(kModelParts, part) != kModelParts.end()) names.push_back(bare);
  }
  return names;
}

// The JSON that glid_convert wrote beside a file of ours.
std::optional<Json> architecture_beside(const fs::path& file) {
  const fs::path json_file = fs::path(file).replace_extension(".json");
  if (!fs::is_regular_file(json_file)) return std::nullopt;
  Json json = Json::parse(read_file(json_file), json_file.string());
  return is_architecture(json) ? std::optional(std::move(json)) : std::nullopt;
}

// The same object with another value of a member.
Json with_member(const Json& object, std::string_view key, const Json& value) {
  Json copy = Json::object();
  for (const auto& [name, old] : object.as_object()) copy.set(name, name == key ? value : old);
  return copy;
}

Json architecture_of(const fs::path& file, const LoadedEncoder& encoder) {
  const std::optional<Json> beside = encoder.found.dialect == Dialect::kGlid ? architecture_beside(file) : std::nullopt;
  const Json own = architecture_of(encoder.encoder->encoder_shape());
  if (!beside) return own;
  const Json &said = beside->at("encoder"), &is = own.at("encoder");
  for (const char* key : {"channels", "depths", "heads", "patch"})
    if (const Json* other = said.find(key); !other || other->dump() != is.at(key).dump())
      throw DataError(fs::path(file).replace_extension(".json").string(), "is of another encoder than the weights beside it",
                      format("{} {}", key, other ? other->dump() : "none"), "remove it, or put the right one there");
  if (!is.find("windows")) return *beside;
  return with_member(*beside, "encoder", with_member(said, "windows", is.at("windows")));
}

WholeModel ours(const TensorFile& file, const fs::path& path, const LoadedEncoder& encoder) {
  WholeModel model{{}, architecture_of(path, encoder)};
  for (const auto& [name, tensor] : named_parameters(*encoder.encoder))
    if (const std::string full = "encoder." + name; !encoder.not_in_file.contains(full))
      model.tensors.emplace_back(full, tensor);
  const std::vector<std::string> others = names_of_other_parts(file, encoder.found);
  for (const std::string& name : others)
    model.tensors.emplace_back(name, floating_tensor(file, encoder.found.prefix + name, path.string()));
  if (!others.empty() && !model.architecture.find("heads"))
    log_warning("no JSON beside {} says what it is: the new one has the encoder alone; give the run to have all",
                path.string());
  return model;
}

struct ForeignModel {
  WrittenWeights weights;
  Json config;
};

// Stages, from 1, with a norm of their output.
std::vector<int> normed_stages(const LoadedEncoder& encoder) {
  std::vector<int> stages;
  for (int stage = 0; stage < kNumStages; ++stage)
    if (!encoder.not_in_file.contains(format("encoder.norm{}.weight", stage))) stages.push_back(stage + 1);
  return stages;
}

void report_left_out(const TensorFile& file, const LoadedEncoder& encoder, const std::vector<std::string>& names,
                     const std::string& to) {
  std::vector<std::string> parts;
  for (const std::string& name : names_of_other_parts(file, encoder.found))
    if (std::string part(part_of_parameter(name)); std::ranges::find(parts, part) == parts.end()) parts.push_back(part);
  if (!names.empty()) log_info("left out, as {} has no place for them: {}", to, join(names, " "));
  if (!parts.empty()) log_info("left out, as {} has an encoder only: {}", to, join(parts, ", "));
}

ForeignModel foreign_model(const TensorFile& file, const LoadedEncoder& encoder, Dialect to) {
  const std::string name(config::name_of(to));
  if (!encoder.found.shape.swin())
    throw UsageError("--to", "writes Swin encoders", name, "a ViT is written in GLID's names: --to glid");
  NamedTensors parameters;
  for (const auto& [parameter, tensor] : named_parameters(*encoder.encoder))
    if (!encoder.not_in_file.contains("encoder." + parameter)) parameters.emplace_back(parameter, tensor.detach());
  ForeignTensors foreign = to_dialect(to, parameters);
  report_left_out(file, encoder, foreign.left_out, name);
  const EncoderShape shape = encoder.encoder->encoder_shape();
  ForeignModel model{.config = foreign_config(to, *shape.swin(), normed_stages(encoder), "--to " + name)};
  model.weights.tensors = std::move(foreign.tensors);
  if (to == Dialect::kOfficial) model.weights.under = "model";
  return model;
}

// What is written, and what it says of itself.
ForeignModel converted(const ConvertRequest& request, Dialect to, const Input& input, const TensorFile& file) {
  const std::optional<StageWindows> windows = windows_of(request.window);
  WholeModel whole;
  if (to == Dialect::kGlid && input.trained) whole = whole_model(input, windows, request.strict);
  else {
    const LoadedEncoder encoder = load_encoder(file, input.file, windows, request.strict);
    if (to != Dialect::kGlid) return foreign_model(file, encoder, to);
    whole = ours(file, input.file, encoder);
  }
  return {.weights = {.tensors = std::move(whole.tensors)}, .config = std::move(whole.architecture)};
}

}  // namespace

void convert_weights(const ConvertRequest& request) {
  const Dialect to = dialect_of(request.to);
  const at::ScalarType type = type_of(request.dtype);
  // transformers knows its configuration by this name; others find it as beside any file.
  const WeightPlace place(request.output, to == Dialect::kHuggingFace ? "config.json" : "model.json");
  const Input input = find_input(request);
  const TensorFile file(input.file);
  std::vector<fs::path> read = file.files();
  read.push_back(input.file);
  require_apart("OUT", request.output, read);
  ForeignModel model = converted(request, to, input, file);
  place.require_free(read, model.config);
  model.weights.type = type;
  place.write(model.weights, model.config);
  log_info("wrote {}: {} in {}'s names, {}", place.text(), counted(model.weights.tensors.size(), "tensor"),
           config::name_of(to), request.dtype);
}

}  // namespace glid
