#include "glid/model/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <ranges>
#include <set>

#include "glid/config/nearest.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/model/file_tensors.h"
#include "glid/model/parts.h"

namespace glid {
namespace {

constexpr std::string_view kEncoder = "encoder.";

bool is_in(std::string_view name, const auto& names) { return std::ranges::find(names, name) != std::ranges::end(names); }

// A file's tensors under the names of our parameters.
class WeightSource {
 public:
  explicit WeightSource(const std::filesystem::path& path)
      : where_(path.string()), file_(path), encoder_(find_encoder(file_, where_)) {}

  // Undefined where the file lacks it.
  ReadParameter read(const std::string& parameter) const {
    if (parameter.starts_with(kEncoder))
      return encoder_ ? read_parameter(file_, *encoder_, parameter.substr(kEncoder.size()), where_) : ReadParameter();
    const std::string name = prefix() + parameter;
    return is_ours() && file_.find(name) ? ReadParameter{floating_tensor(file_, name, where_), {name}} : ReadParameter();
  }
  // Files without an encoder can only be ours.
  bool is_ours() const { return !encoder_ || encoder_->dialect == Dialect::kGlid; }
  // What it would be called in this file.
  std::string name_of(const std::string& parameter) const {
    if (is_ours()) return prefix() + parameter;
    return prefix() + spellings(encoder_->dialect, parameter.substr(kEncoder.size())).at(0).at(0);
  }
  std::string prefix() const { return encoder_ ? encoder_->prefix : std::string(); }
  bool has_place_for(const std::string& parameter) const {
    if (!encoder_ || is_ours() || !parameter.starts_with("encoder.norm")) return true;
    return parameter.starts_with("encoder.norm3.") && encoder_->dialect != Dialect::kTimmFeatures;
  }
  const std::string& where() const { return where_; }
  const TensorFile& file() const { return file_; }
  const std::optional<FoundEncoder>& encoder() const { return encoder_; }
  std::string text() const {
    if (!encoder_) return format("{} ({})", where_, file_.form());
    const std::string under = encoder_->prefix.empty() ? "" : format(" under '{}'", encoder_->prefix);
    return format("{} ({}; {}'s names{}; {})", where_, file_.form(), encoder_->origin, under, encoder_text(encoder_->shape));
  }

 private:
  std::string where_;
  TensorFile file_;
  std::optional<FoundEncoder> encoder_;
};

const Swin* encoder_of(const torch::nn::Module& model) {
  for (const auto& child : model.named_children())
    if (child.key() == "encoder") return dynamic_cast<const Swin*>(child.value().get());
  return nullptr;
}

void require_same_patch(const FoundEncoder& found, const SwinShape& ours, const std::string& where) {
  if (found.shape.patch != ours.patch)
    throw UsageError(where, "holds an encoder of another patch than the model's", format("{} px", found.shape.patch),
                     format("the model's is {} px; model.encoder.patch={} takes it", ours.patch, found.shape.patch));
}

// What to look at when a tensor of the part has another shape.
std::string hint_for(std::string_view part) {
  if (part == "encoder") return "the file contradicts itself";
  if (part == "queries") return "the task asks as many queries as it did there, or init.parts leaves queries out";
  if (part == "heads") return "heads of another task or of other classes: init.parts leaves heads out";
  return format("is model.{} as it was there?", part);
}

bool is_bias_table(const std::string& name) { return name.ends_with(".relative_position_bias_table"); }

// Of one parameter: what the file gives for it.
struct Filling {
  at::Tensor from, to;
  bool resize = false;
};
using Fillings = std::vector<Filling>;

Filling fill(const WeightSource& source, const std::string& name, const at::Tensor& from, const at::Tensor& to,
                  const std::string& part) {
  if (from.sizes() == to.sizes()) return {from, to};
  const bool is_table = is_bias_table(name) && from.dim() == 2 && from.size(1) == to.size(1);
  if (is_table && window_of_table(from.size(0)) > 0) return {from, to, true};
  throw UsageError(source.where() + ": " + name, "has another shape than the model",
                   glid::format("{}", fmt::join(from.sizes(), "x")),
                   glid::format("the model's is {}; {}", fmt::join(to.sizes(), "x"), hint_for(part)));
}

// Looks at every parameter of a part; nothing is copied yet.
PartReport plan_part(const std::string& part_name, torch::nn::Module& model, const WeightSource& source,
                     Fillings& fillings, std::set<std::string>& used) {
  PartReport part{part_name};
  for (auto& [name, parameter] : named_parameters(model)) {
    if (part_of_parameter(name) != part.part) continue;
    part.parameters += parameter.numel();
    const ReadParameter read = source.read(name);
    if (!read.tensor.defined()) {
      (source.has_place_for(name) ? part.missing : part.kept).push_back(name);
      continue;
    }
    fillings.push_back(fill(source, name, read.tensor, parameter, part.part));
    (fillings.back().resize ? part.resized : part.loaded).push_back(name);
    part.filled += parameter.numel();
    part.renamed += !read.names[0].ends_with(std::string_view(name).substr(name.starts_with(kEncoder) ? kEncoder.size() : 0));
    used.insert(read.names.begin(), read.names.end());
    used.insert(read.unused.begin(), read.unused.end());
  }
  return part;
}

// The model's parts without those that were loaded, each with the reason.
std::vector<std::string> random_parts(const torch::nn::Module& model, const LoadReport& report,
                                      const std::vector<std::string>& asked) {
  std::vector<std::string> random;
  for (const std::string_view part : kModelParts) {
    const bool exists = std::ranges::any_of(
        named_parameters(model), [&](const auto& parameter) { return part_of_parameter(parameter.first) == part; });
    if (!exists || is_in(part, report.parts | std::views::transform(&PartReport::part))) continue;
    random.push_back(format("{} ({})", part, is_in(part, asked) ? "not in the file" : "not asked for"));
  }
  return random;
}

// Decoder layers among names: one more than the largest number behind `beginning`.
int64_t num_decoder_layers(const auto& names, const std::string& beginning) {
  int64_t layers = 0;
  for (const std::string& name : names)
    if (int64_t layer = 0; name.starts_with(beginning) &&
                           std::from_chars(name.data() + beginning.size(), name.data() + name.size(), layer).ec == std::errc())
      layers = std::max(layers, layer + 1);
  return layers;
}

// Half of a decoder would load without a word and be worth little.
void require_equal_depth(const torch::nn::Module& model, const WeightSource& source) {
  if (!source.is_ours()) return;
  std::vector<std::string> names;
  for (const auto& [name, parameter] : named_parameters(model)) names.push_back(name);
  const int64_t ours = num_decoder_layers(names, "decoder.layers."),
                theirs = num_decoder_layers(source.file().names(), source.prefix() + "decoder.layers.");
  if (theirs > 0 && theirs != ours)
    throw UsageError(source.where(), "has a decoder of another depth than the model", format("{} layers", theirs),
                     format("the model has {}: set model.decoder.layers, or leave the decoder out of init.parts", ours));
}

// What checkpoints hold beside the weights of an encoder: buffers, classifiers, what it was pre-trained with.
bool is_beside(std::string_view name) {
  return name.ends_with("relative_position_index") || name.ends_with("attn_mask") || name.ends_with("mask_token") ||
         name.starts_with("head.") || name.starts_with("head_") || name.starts_with("classifier.") ||
         name.starts_with("decoder_");
}

// What becomes of a name that no parameter took.
bool is_expected(const WeightSource& source, const std::string& name, const std::vector<std::string>& parts) {
  if (!name.starts_with(source.prefix())) return true;  // beside the encoder, or another model
  const std::string bare = name.substr(source.prefix().size());
  if (!source.is_ours()) return !is_in("encoder", parts) || is_beside(bare);
  return is_beside(bare) || !is_in(part_of_parameter(bare), parts);
}

void sort_unused(LoadReport& report, const WeightSource& source, const std::vector<std::string>& parts,
                 const std::set<std::string>& used) {
  for (const std::string& name : source.file().names())
    if (!used.contains(name)) (is_expected(source, name, parts) ? report.ignored : report.unexpected).push_back(name);
  for (const PartReport& part : report.parts)
    for (const std::string& missing : part.missing) {
      const std::string expected = source.name_of(missing);
      if (std::string near = config::nearest(expected, report.unexpected); !near.empty())
        report.near_misses.emplace_back(expected, near);
    }
}

void require_strict(const LoadReport& report, const std::string& where) {
  require_whole(report, where);
  if (!report.unexpected.empty())
    throw DataError(where, "has tensors that the model lacks", join(report.unexpected, " "),
                    "strict takes only files without others");
}

[[noreturn]] void refuse_absent(const WeightSource& source, const std::string& part) {
  const auto& names = source.file().names();
  const std::string has = names.empty() ? "no tensor" : format("{} tensors, the first is {}", names.size(), names[0]);
  throw UsageError(source.where(), format("holds no tensor of the part '{}'", part), has,
                   source.encoder() ? format("it has an encoder in {}'s names; init.parts lists what is to be loaded",
                                             source.encoder()->origin)
                                    : "it has no Swin encoder in names that are known (docs/weights.md)");
}

std::vector<std::string> remarks_on(const WeightSource& source, const LoadReport& report) {
  std::vector<std::string> remarks;
  const bool is_resized = std::ranges::any_of(report.parts, [](const PartReport& part) { return !part.resized.empty(); });
  if (is_resized)
    remarks.push_back(glid::format("bias tables were resized; model.encoder.window=[{}] keeps the file's windows",
                                   fmt::join(source.encoder()->shape.windows, ",")));
  if (std::ranges::any_of(report.unexpected, [](const std::string& name) {
        return name.ends_with("absolute_pos_embed") || name.ends_with("position_embeddings");
      }))
    remarks.push_back("its encoder adds position vectors to the patches, GLID's has none: the maps are not those of its makers");
  if (source.encoder() && !source.encoder()->others.empty())
    remarks.push_back(format("the file has further encoders, which are not taken, under {}",
                             join(source.encoder()->others, ", ")));
  return remarks;
}

}  // namespace

void require_whole(const LoadReport& report, const std::string& where) {
  for (const PartReport& part : report.parts) {
    if (part.missing.empty()) continue;
    std::vector<std::string> hints;
    for (const auto& [missing, found] : report.near_misses) hints.push_back(format("instead of {} it has {}", missing, found));
    throw DataError(where, format("lacks tensors of the part '{}'", part.part), join(part.missing, " "), join(hints, "; "));
  }
}

LoadReport load_weights(torch::nn::Module& model, const std::filesystem::path& path, const std::vector<std::string>& parts,
                        const LoadOptions& options) {
  const at::NoGradGuard no_grad;
  const WeightSource source(path);
  if (const Swin* ours = encoder_of(model); ours && source.encoder() && is_in("encoder", parts)) {
    require_same_size(*source.encoder(), ours->shape, source.where(), "model.encoder.name=");
    require_same_patch(*source.encoder(), ours->shape, source.where());
  }
  if (is_in("decoder", parts)) require_equal_depth(model, source);
  LoadReport report{.source = source.text()};
  Fillings fillings;
  std::set<std::string> used;
  for (const std::string& name : parts) {
    PartReport part = plan_part(name, model, source, fillings, used);
    if (part.filled > 0) report.parts.push_back(std::move(part));
    else if (options.absent == AbsentPart::kRefuse) refuse_absent(source, name);
  }
  if (report.parts.empty()) refuse_absent(source, join(parts, ", "));
  sort_unused(report, source, parts, used);
  if (options.strict) require_strict(report, source.where());
  for (const Filling& filling : fillings)
    filling.to.copy_(filling.resize ? resize_bias_table(filling.from, window_of_table(filling.to.size(0)), options.bias_tables)
                                    : filling.from);
  report.random = random_parts(model, report, parts);
  report.remarks = remarks_on(source, report);
  return report;
}

}  // namespace glid
