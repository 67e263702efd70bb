#include "glid/model/find_encoder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <ranges>
#include <string_view>
#include <tuple>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/utf8.h"
#include "glid/model/bias_table.h"
#include "glid/model/file_tensors.h"
#include "glid/model/model_config.h"
#include "glid/model/position_table.h"

namespace glid {
namespace {

constexpr int64_t kQkv = 3;

bool has_any(const TensorFile& file, auto&& is_meant) { return std::ranges::any_of(file.names(), is_meant); }

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// OpenMMLab gathers the pixels of a merging by nn.Unfold: channel by channel (0,0), (0,1), (1,0), (1,1), where the others
// put pixel before pixel in the order (0,0), (1,0), (0,1), (1,1). The last axis of its norm and its reduction follows.
at::Tensor from_unfold(const at::Tensor& x) {
  const int64_t channels = x.size(-1) / 4;
  return x.unflatten(-1, {channels, 2, 2}).movedim({-1, -2, -3}, {-3, -2, -1}).flatten(-3);
}

bool is_merging(const std::string& parameter) { return parameter.find(".downsample.") != std::string::npos; }

// Where a name of the encoder may stand in the file. transformers keeps SwinBackbone's model under `swin.` (MaskFormer's
// under `model.`) and its norms beside it, but saves the files without that `swin.`, except for the norm that SwinModel ends
// with.
std::vector<std::string> places_of(const FoundEncoder& found, const std::string& name) {
  constexpr std::string_view kStage = "hidden_states_norms.stage";
  std::vector<std::string> places{found.prefix + name};
  for (const std::string_view model : {"swin.", "model."}) {
    if (!found.prefix.ends_with(model)) continue;
    const std::string outer = found.prefix.substr(0, found.prefix.size() - model.size());
    places.push_back(outer + name);
    if (name.starts_with(kStage))  // MaskFormer counts from 0
      places.push_back(
          format("{}hidden_states_norms.{}{}", outer, name[kStage.size()] - '1', name.substr(kStage.size() + 1)));
  }
  places.push_back(format("{}swin.{}", found.prefix, name));
  return places;
}

// The names of a spelling, empty unless the file has all of them.
Spelling names_in_file(const TensorFile& file, const FoundEncoder& found, const Spelling& spelling) {
  Spelling names;
  for (const std::string& name : spelling) {
    const std::vector<std::string> places = places_of(found, name);
    const auto place = std::ranges::find_if(places, [&](const std::string& p) { return file.find(p) != nullptr; });
    if (place == places.end()) return {};
    names.push_back(*place);
  }
  return names;
}

bool is_in(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

// How unlikely it is that weights are meant that stand under this name: what programs call their weights, names that tell
// nothing, a student beside its teacher, averages, what an optimizer keeps.
int rank_of_component(std::string_view component) {
  if (is_in(component, {"model", "state_dict", "module", "backbone", "encoder", "swin", "net", "teacher", "encoder_q"}))
    return 0;
  if (component.starts_with("exp_avg") || component.starts_with("grad") || component.starts_with("optim") ||
      component.starts_with("momentum"))
    return 4;
  if (component == "ema" || component.starts_with("ema_") || component.ends_with("_ema")) return 3;
  return is_in(component, {"student", "encoder_k"}) ? 2 : 1;
}

int rank_of(const std::string& prefix) {
  int rank = 0;
  if (prefix.empty()) return rank;
  for (const auto part : std::views::split(std::string_view(prefix).substr(0, prefix.size() - 1), '.'))
    rank = std::max(rank, rank_of_component({part.begin(), part.end()}));
  return rank;
}

// The prefixes under which the file has this name, the likeliest first.
std::vector<std::string> prefixes_of(const TensorFile& file, const std::string& name) {
  std::vector<std::string> prefixes;
  for (const std::string& full : file.names()) {
    if (!full.ends_with(name)) continue;
    std::string prefix = full.substr(0, full.size() - name.size());
    if (prefix.empty() || prefix.ends_with('.')) prefixes.push_back(std::move(prefix));
  }
  std::ranges::stable_sort(prefixes, {}, rank_of);
  return prefixes;
}

// Official names are written by several programs: what stands beside them tells.
std::string writer_of_official(const TensorFile& file, const std::string& prefix) {
  const auto has = [&](std::string_view name) { return file.find(format("{}{}", prefix, name)) != nullptr; };
  if (contains(prefix, "teacher") || contains(prefix, "student")) return "EsViT";
  if (has("absolute_pos_embed") && (has("decoder_embed.weight") || has("mask_token"))) return "MixMIM";
  if (has("mask_token")) return "SimMIM";
  if (has("norm1.weight") && !has("norm.weight")) return "Mask2Former";
  return "official Swin";
}

bool is_glid(const TensorFile& file, const std::string& prefix) {  // that of `encoder.`
  return has_any(file, [&](const std::string& name) {
    if (!name.starts_with(prefix)) return false;
    const std::string_view bare = std::string_view(name).substr(prefix.size());
    return bare.starts_with("encoder.norm0.") || bare.starts_with("encoder.norm3.") || bare.starts_with("bifpn.cells.");
  });
}

// Tells our files and timm's, old and new, from the official ones.
FoundEncoder among_official(const TensorFile& file, std::string prefix) {
  constexpr std::string_view kEncoder = "encoder.";
  if (prefix.ends_with(kEncoder)) {
    const std::string outer = prefix.substr(0, prefix.size() - kEncoder.size());
    if (is_glid(file, outer)) return {Dialect::kGlid, "GLID", outer};
  }
  const auto has_merging = [&](int stage) {
    return file.find(format("{}layers.{}.downsample.reduction.weight", prefix, stage)) != nullptr;
  };
  if (!has_merging(0) && has_merging(kNumStages - 1)) return {Dialect::kTimm, "timm", std::move(prefix)};
  std::string writer = writer_of_official(file, prefix);
  return {Dialect::kOfficial, std::move(writer), std::move(prefix)};
}

// A ViT's names are timm's whoever wrote them: what stands beside them tells.
FoundEncoder vit_under(const TensorFile& file, std::string prefix) {
  constexpr std::string_view kEncoder = "encoder.";
  const auto has_part = [&](std::string_view outer, std::string_view part) {
    return has_any(file, [&](const std::string& name) { return name.starts_with(format("{}{}", outer, part)); });
  };
  if (prefix.ends_with(kEncoder)) {
    const std::string outer = prefix.substr(0, prefix.size() - kEncoder.size());
    if (has_part(outer, "encoder.pyramid.") || has_part(outer, "heads.")) return {Dialect::kGlid, "GLID", outer};
  }
  const bool is_beit = has_part(prefix, "rel_pos_bias.") || has_part(prefix, "blocks.0.attn.q_bias");
  const char* const writer = is_beit ? "BEiT" : has_part(prefix, "decoder_blocks.") ? "MAE" : "timm";
  return {Dialect::kTimm, writer, std::move(prefix)};
}

FoundEncoder found_under(const TensorFile& file, Dialect dialect, std::string prefix) {
  switch (dialect) {
    case Dialect::kTimmFeatures: return {dialect, "timm features_only", std::move(prefix)};
    case Dialect::kHuggingFace: return {dialect, "Hugging Face", std::move(prefix)};
    case Dialect::kTransformers: return {dialect, "transformers 5", std::move(prefix)};
    case Dialect::kTorchvision: return {dialect, "torchvision", std::move(prefix)};
    case Dialect::kOpenMmlab: return {dialect, "OpenMMLab", std::move(prefix)};
    default: return among_official(file, std::move(prefix));
  }
}

[[noreturn]] void refuse(const std::string& where, const char* what) {
  throw UsageError(where, format("is a {}", what), {}, "GLID's encoders are Swin v1 and ViT (docs/weights.md)");
}

bool is_swin_v2(const std::string& name) {
  return contains(name, "cpb_mlp.") || contains(name, "continuous_position_bias_mlp.") || name.ends_with("attn.logit_scale");
}

// A class token: GLID's own is the decoder's.
bool has_class_token(const std::string& name) { return name.ends_with("cls_token") && !name.ends_with("decoder.cls_token"); }

// Sizes of the encoder by its tensors; what must agree is compared, so that no model is larger than the file says.
class ShapeReader {
 public:
  ShapeReader(const TensorFile& file, const FoundEncoder& found, const std::string& where)
      : file_(file), found_(found), where_(where) {}

  SwinShape swin() const {
    SwinShape shape;
    read_patches(shape);
    for (int stage = 0; stage < kNumStages; ++stage) read_stage(shape, stage);
    return shape;
  }

  VitShape vit() const {
    VitShape shape;
    read_patches(shape);
    shape.depth = read_depth([](int64_t b) { return format("blocks.{}.", b); }, shape.channels);
    shape.heads = std::max<int64_t>(1, shape.channels / (shape.channels == kVitHuge ? 80 : 64));
    shape.class_token = !sizes("cls_token").empty();
    if (!sizes("blocks.0.gamma_1").empty()) shape.layer_scale = 1;  // any: the values are the file's
    shape.unit = sizes("pyramid.half.weight").empty() ? 1 : 2;
    read_positions(shape);
    read_bias(shape, BiasSharing::kEach, "blocks.0.attn.rel_pos_bias.relative_position_bias_table");
    read_bias(shape, BiasSharing::kShared, "rel_pos_bias.relative_position_bias_table");
    if (shape.positions == VitPositions::kNone && shape.relative_bias == BiasSharing::kNone)
      shape.positions = VitPositions::kSinCos;
    if (shape.channels % (4 * shape.heads) != 0)
      throw DataError(where_, "is a ViT of no width that can be split", std::to_string(shape.channels));
    return shape;
  }

 private:
  static constexpr int64_t kVitHuge = 1280;

  void read_patches(auto& shape) const {
    const std::vector<int64_t> patches = require("patch_embed.proj.weight", 4);
    if (patches[1] != 3 || patches[2] != patches[3] || patches[2] > 64) contradicts("patch_embed.proj.weight", patches);
    shape.channels = patches[0];
    shape.patch = patches[2];
  }
  void read_positions(VitShape& shape) const {
    shape.positions = sizes("pos_embed").empty() ? VitPositions::kNone : VitPositions::kLearned;
    if (shape.positions == VitPositions::kNone) return;
    const std::vector<int64_t> found = require("pos_embed", 3);
    shape.grid = grid_of_positions(found[1]);
    if (found != std::vector<int64_t>{1, shape.beside() + shape.grid * shape.grid, shape.channels})
      contradicts("pos_embed", found);
  }
  void read_bias(VitShape& shape, BiasSharing kind, const std::string& table) const {
    if (sizes(table).empty()) return;
    const std::vector<int64_t> found = require(table, 2);
    shape.relative_bias = kind;
    shape.grid = window_of_table(found[0] - class_rows_of_table(found[0]));
    shape.heads = found[1];
    if (shape.grid == 0 || shape.num_biases() != found[0]) contradicts(table, found);
  }
  // Empty where there is none.
  std::vector<int64_t> sizes(const std::string& parameter) const {
    return find_parameter(file_, found_, parameter, where_).sizes;
  }
  std::vector<int64_t> require(const std::string& parameter, size_t rank) const {
    std::vector<int64_t> found = sizes(parameter);
    if (found.empty()) throw DataError(where_, "lacks a tensor of the encoder", parameter);
    if (found.size() != rank || std::ranges::find(found, 0) != found.end()) contradicts(parameter, found);
    return found;
  }
  [[noreturn]] void contradicts(const std::string& parameter, const std::vector<int64_t>& found) const {
    throw DataError(where_ + ": " + parameter, "is of no shape that an encoder has",
                    glid::format("{}", fmt::join(found, "x")));
  }
  // Whether anything of the block is there.
  bool is_block(const std::string& block) const {
    for (const char* member : {"mlp.fc1.weight", "attn.qkv.weight", "norm1.weight", "attn.relative_position_bias_table"})
      if (!sizes(block + member).empty()) return true;
    return false;
  }
  void read_stage(SwinShape& shape, int stage) const {
    const int64_t channels = shape.stage_channels(stage);
    const auto block = [&](int64_t b) { return format("layers.{}.blocks.{}.", stage, b); };
    const std::string table = block(0) + "attn.relative_position_bias_table";
    const std::vector<int64_t> rows_and_heads = require(table, 2);
    shape.windows[stage] = window_of_table(rows_and_heads[0]);
    shape.heads[stage] = rows_and_heads[1];
    if (shape.windows[stage] == 0 || channels % shape.heads[stage] != 0) contradicts(table, rows_and_heads);
    shape.depths[stage] = read_depth(block, channels);
  }
  int64_t read_depth(const auto& block, int64_t channels) const {
    int64_t depth = 0;
    for (; depth == 0 || is_block(block(depth)); ++depth) {
      const std::string name = block(depth) + "mlp.fc1.weight";
      const std::vector<int64_t> found = require(name, 2);
      if (found != std::vector<int64_t>{4 * channels, channels}) contradicts(name, found);
    }
    return depth;
  }

  const TensorFile& file_;
  const FoundEncoder& found_;
  const std::string& where_;
};

auto size_of(const SwinShape& shape) { return std::tie(shape.channels, shape.depths, shape.heads); }
auto size_of(const VitShape& shape) { return std::tie(shape.channels, shape.depth, shape.heads); }

bool have_same_size(const EncoderShape& a, const EncoderShape& b) {
  if (a.swin() && b.swin()) return size_of(*a.swin()) == size_of(*b.swin());
  return a.vit() && b.vit() && size_of(*a.vit()) == size_of(*b.vit());
}

// The preset with these channels, depths and heads.
std::optional<EncoderName> name_of_size(const EncoderShape& shape) {
  for (const auto& known : enum_names(EncoderName{}))
    if (have_same_size(encoder_preset(known.value), shape)) return known.value;
  return std::nullopt;
}

std::string size_text(const SwinShape& shape) {
  return glid::format("Swin of {} channels, blocks {}, heads {}", shape.channels, fmt::join(shape.depths, "-"),
                      fmt::join(shape.heads, "-"));
}
std::string size_text(const VitShape& shape) {
  return format("ViT of {} channels, {} blocks, {} heads", shape.channels, shape.depth, shape.heads);
}

std::string window_text(const StageWindows& windows) {
  const bool is_one = std::ranges::count(windows, windows[0]) == kNumStages;
  return glid::format(", window{} {}", is_one ? "" : "s",
                      fmt::join(windows.begin(), windows.begin() + (is_one ? 1 : kNumStages), ", "));
}

}  // namespace

FoundParameter find_parameter(const TensorFile& file, const FoundEncoder& found, const std::string& parameter,
                              const std::string& where) {
  FoundParameter place;
  for (const Spelling& spelling : spellings(found.dialect, parameter)) {
    const Spelling names = names_in_file(file, found, spelling);
    if (place.names.empty()) place.names = names;
    else place.unused.insert(place.unused.end(), names.begin(), names.end());
  }
  if (place.names.empty()) return place;
  place.sizes = file.find(place.names[0])->shape;
  for (const std::string& name : place.names)
    if (file.find(name)->shape != place.sizes || (place.names.size() > 1 && place.sizes.empty()))
      throw DataError(where + ": " + printable(name), "has another shape than what belongs to it",
                      glid::format("{}", fmt::join(file.find(name)->shape, "x")));
  if (place.names.size() > 1) place.sizes[0] *= kQkv;
  return place;
}

at::Tensor read_parameter(const TensorFile& file, const FoundEncoder& found, const std::string& parameter,
                          const FoundParameter& place, const std::string& where) {
  std::vector<at::Tensor> parts;
  for (const std::string& name : place.names) parts.push_back(floating_tensor(file, name, where));
  if (parts.size() == 2) parts.insert(parts.begin() + 1, at::zeros_like(parts[0]));  // no bias of k
  const at::Tensor whole = parts.size() == 1 ? parts[0] : at::cat(parts);
  const bool is_unfolded = found.dialect == Dialect::kOpenMmlab && is_merging(parameter);
  return is_unfolded && whole.dim() > 0 && whole.size(-1) % 4 == 0 ? from_unfold(whole) : whole;
}

std::optional<FoundEncoder> find_encoder(const TensorFile& file, const std::string& where) {
  if (has_any(file, is_swin_v2)) refuse(where, "Swin v2");
  for (const Dialect dialect : {Dialect::kOfficial, Dialect::kTimmFeatures, Dialect::kHuggingFace, Dialect::kTransformers,
                                Dialect::kTorchvision, Dialect::kOpenMmlab}) {
    const std::string table = spellings(dialect, "layers.0.blocks.0.attn.relative_position_bias_table")[0][0];
    const std::vector<std::string> prefixes = prefixes_of(file, table);
    if (prefixes.empty()) continue;
    FoundEncoder found = found_under(file, dialect, prefixes[0]);
    found.others.assign(prefixes.begin() + 1, prefixes.end());
    found.shape = ShapeReader(file, found, where).swin();
    return found;
  }
  std::vector<std::string> prefixes = prefixes_of(file, "blocks.0.attn.qkv.weight");
  std::erase_if(prefixes, [](const std::string& prefix) { return contains(prefix, "layers"); });
  if (!prefixes.empty()) {
    FoundEncoder found = vit_under(file, prefixes[0]);
    found.others.assign(prefixes.begin() + 1, prefixes.end());
    found.shape = ShapeReader(file, found, where).vit();
    return found;
  }
  if (has_any(file, has_class_token)) refuse(where, "ViT in names that are not known");
  return std::nullopt;
}

std::string encoder_text(const EncoderShape& shape) {
  const std::optional<EncoderName> name = name_of_size(shape);
  const std::string size = shape.swin() ? size_text(*shape.swin()) : size_text(*shape.vit());
  return (name ? std::string(config::name_of(*name)) : size) + (shape.swin() ? window_text(shape.windows()) : "");
}

void require_same_size(const FoundEncoder& found, const EncoderShape& ours, const std::string& where,
                       const std::string& option) {
  if (have_same_size(found.shape, ours)) return;
  const std::optional<EncoderName> name = name_of_size(found.shape);
  throw UsageError(where, "holds an encoder of another size than the model's", encoder_text(found.shape),
                   name ? format("the model is {}; {}{} takes it", encoder_text(ours), option, config::name_of(*name))
                        : format("the model is {}, and no name has that size", encoder_text(ours)));
}

}  // namespace glid
