#include "glid/model/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <ranges>
#include <set>

#include "glid/config/nearest.h"
#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/core/utf8.h"
#include "glid/model/parts.h"
#include "glid/model/position_table.h"
#include "weight_source.h"

namespace glid {
namespace {

constexpr size_t kMostNearMisses = 20;

bool is_in(std::string_view name, const auto& names) { return std::ranges::find(names, name) != std::ranges::end(names); }

const TokenEncoder* encoder_of(const torch::nn::Module& model) {
  for (const auto& child : model.named_children())
    if (child.key() == "encoder") return dynamic_cast<const TokenEncoder*>(child.value().get());
  return nullptr;
}

void require_same_patch(const FoundEncoder& found, const EncoderShape& ours, const std::string& where) {
  if (found.shape.patch() != ours.patch())
    throw UsageError(where, "holds an encoder of another patch than the model's", format("{} px", found.shape.patch()),
                     format("the model's is {} px; model.encoder.patch={} takes it", ours.patch(), found.shape.patch()));
}

// What to look at when a tensor of the part has another shape.
std::string hint_for(std::string_view part) {
  if (part == "encoder") return "the file contradicts itself";
  if (part == "queries") return "the task asks as many queries as it did there, or init.parts leaves queries out";
  if (part == "heads") return "heads of another task or of other classes: init.parts leaves heads out";
  return format("is model.{} as it was there?", part);
}

bool is_bias_table(const std::string& name) { return name.ends_with(".relative_position_bias_table"); }
bool is_position_table(const std::string& name) { return name.ends_with(".pos_embed"); }

// What a parameter is to get.
struct Filling {
  std::string name;
  FoundParameter from;
  at::Tensor to;
  bool resize = false;
};
using Fillings = std::vector<Filling>;

// The window of a bias table, or the grid of learned positions, that can be resized to the parameter; 0: it can't.
int64_t resizable_side(const Filling& filling) {
  const std::vector<int64_t>& from = filling.from.sizes;
  const at::IntArrayRef to = filling.to.sizes();
  if (from.size() != to.size() || from.back() != to.back()) return 0;
  if (is_bias_table(filling.name)) {
    const int64_t behind = class_rows_of_table(from[0]);
    return behind == class_rows_of_table(to[0]) ? window_of_table(from[0] - behind) : 0;
  }
  const auto beside = [](int64_t rows) { return rows - grid_of_positions(rows) * grid_of_positions(rows); };
  return is_position_table(filling.name) && from[0] == 1 && beside(from[1]) == beside(to[1]) ? grid_of_positions(from[1])
                                                                                             : 0;
}

at::Tensor resized(const at::Tensor& tensor, const Filling& filling, BiasResize how) {
  if (is_bias_table(filling.name)) {
    const int64_t rows = filling.to.size(0);
    return resize_bias_table(tensor, window_of_table(rows - class_rows_of_table(rows)), how);
  }
  const int64_t grid = grid_of_positions(filling.to.size(1));
  return resize_positions(tensor.to(at::kFloat), grid, grid);
}

// Throws for a shape that can't become the parameter's.
bool wants_resizing(const WeightSource& source, const Filling& filling, const std::string& part, BiasResize how) {
  const std::vector<int64_t>& from = filling.from.sizes;
  const at::IntArrayRef to = filling.to.sizes();
  if (to == from) return false;
  const int64_t side = resizable_side(filling);
  if (side == 0)
    throw UsageError(source.where() + ": " + filling.name, "has another shape than the model",
                     glid::format("{}", fmt::join(from, "x")),
                     glid::format("the model's is {}; {}", fmt::join(to, "x"), hint_for(part)));
  if (is_bias_table(filling.name) && how == BiasResize::kGeometric && side < kSmallestGeometricWindow)
    throw UsageError(source.where() + ": " + filling.name, "is too small a bias table for a spline",
                     format("window {}", side), "take bicubic");
  return true;
}

// Looks at every parameter of a part; nothing is copied yet.
PartReport plan_part(const std::string& part_name, torch::nn::Module& model, const WeightSource& source, BiasResize how,
                     Fillings& fillings) {
  PartReport part{part_name};
  for (auto& [name, parameter] : named_parameters(model)) {
    if (part_of_parameter(name) != part.part) continue;
    part.parameters += parameter.numel();
    Filling filling{name, source.find(name), parameter};
    if (filling.from.names.empty()) {
      (source.has_place_for(name) ? part.missing : part.kept).push_back(name);
      continue;
    }
    filling.resize = wants_resizing(source, filling, part.part, how);
    (filling.resize ? part.resized : part.loaded).push_back(name);
    part.filled += parameter.numel();
    part.renamed += source.is_renamed(name, filling.from);
    fillings.push_back(std::move(filling));
  }
  return part;
}

// -> vectors whose numbers are not all finite. A training that diverged has NaN everywhere: matrices needn't be looked at,
// which would cost a quarter of the time of loading.
std::vector<std::string> copy_all(const WeightSource& source, const Fillings& fillings, BiasResize how) {
  std::vector<std::string> not_finite;
  for (const Filling& filling : fillings) {
    const auto& [name, from, to, resize] = filling;
    const at::Tensor tensor = source.read(name, from);
    to.copy_(resize ? resized(tensor, filling, how) : tensor);
    if (to.dim() == 1 && !at::isfinite(to).all().item<bool>()) not_finite.push_back(name);
  }
  return not_finite;
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
  constexpr int64_t kMostLayers = 1000;
  int64_t layers = 0;
  for (const std::string& name : names)
    if (int64_t layer = 0;
        name.starts_with(beginning) &&
        std::from_chars(name.data() + beginning.size(), name.data() + name.size(), layer).ec == std::errc() &&
        layer < kMostLayers)
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
                 const Fillings& fillings) {
  std::set<std::string> used;
  for (const Filling& filling : fillings)
    for (const std::vector<std::string>& names : {filling.from.names, filling.from.unused})
      used.insert(names.begin(), names.end());
  for (const std::string& name : source.file().names())
    if (!used.contains(name))
      (is_expected(source, name, parts) ? report.ignored : report.unexpected).push_back(printable(name));
  for (const PartReport& part : report.parts)
    for (const std::string& missing : part.missing) {
      if (report.near_misses.size() == kMostNearMisses) return;
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
  const std::string has =
      names.empty() ? "no tensor" : format("{}, the first is {}", counted(names.size(), "tensor"), printable(names[0]));
  throw UsageError(source.where(), format("holds no tensor that the model's part '{}' has", part), has,
                   source.encoder() ? format("it has an encoder in {}'s names; init.parts lists what is to be loaded",
                                             source.encoder()->origin)
                                    : "it has no encoder in names that are known (docs/weights.md)");
}

std::string resized_text(const EncoderShape& found) {
  if (const VitShape* vit = found.vit())
    return format("positions or bias tables were resized; model.encoder.grid={} keeps the file's", vit->grid);
  return glid::format("bias tables were resized; model.encoder.window=[{}] keeps the file's windows",
                      fmt::join(found.windows(), ","));
}

std::vector<std::string> remarks_on(const WeightSource& source, const LoadReport& report) {
  std::vector<std::string> remarks;
  const bool is_resized = std::ranges::any_of(report.parts, [](const PartReport& part) { return !part.resized.empty(); });
  if (is_resized) remarks.push_back(resized_text(source.encoder()->shape));
  if (std::ranges::any_of(report.unexpected, [](const std::string& name) {
        return name.ends_with("absolute_pos_embed") || name.ends_with("position_embeddings");
      }))
    remarks.push_back(
        "its encoder adds position vectors to the patches, GLID's has none: the maps are not those of its makers");
  if (source.encoder() && !source.encoder()->others.empty())
    remarks.push_back(
        format("the file has further encoders, which are not taken, under {}", join(source.encoder()->others, ", ")));
  return remarks;
}

}  // namespace

void require_whole(const LoadReport& report, const std::string& where) {
  for (const PartReport& part : report.parts) {
    if (part.missing.empty()) continue;
    std::vector<std::string> hints;
    for (const auto& [missing, found] : report.near_misses)
      hints.push_back(format("instead of {} it has {}", missing, found));
    throw DataError(where, format("lacks tensors of the part '{}'", part.part), join(part.missing, " "), join(hints, "; "));
  }
}

LoadReport load_weights(torch::nn::Module& model, const std::filesystem::path& path, const std::vector<std::string>& parts,
                        const LoadOptions& options) {
  const at::NoGradGuard no_grad;
  const WeightSource source(path);
  if (const TokenEncoder* ours = encoder_of(model); ours && source.encoder() && is_in("encoder", parts)) {
    require_same_size(*source.encoder(), ours->encoder_shape(), source.where(), "model.encoder.name=");
    require_same_patch(*source.encoder(), ours->encoder_shape(), source.where());
  }
  if (is_in("decoder", parts)) require_equal_depth(model, source);
  LoadReport report{.source = source.text()};
  Fillings fillings;
  for (const std::string& name : parts) {
    PartReport part = plan_part(name, model, source, options.bias_tables, fillings);
    if (part.filled > 0) report.parts.push_back(std::move(part));
    else if (options.absent == AbsentPart::kRefuse) refuse_absent(source, name);
  }
  if (report.parts.empty()) refuse_absent(source, join(parts, ", "));
  sort_unused(report, source, parts, fillings);
  if (options.strict) require_strict(report, source.where());
  report.not_finite = copy_all(source, fillings, options.bias_tables);
  report.random = random_parts(model, report, parts);
  report.remarks = remarks_on(source, report);
  return report;
}

}  // namespace glid
