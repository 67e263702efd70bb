#include <algorithm>
#include <tuple>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/model/bias_table.h"
#include "glid/model/dialect.h"
#include "glid/model/model_config.h"

namespace glid {
namespace {

bool has_any(const TensorFile& file, auto&& is_meant) { return std::ranges::any_of(file.names(), is_meant); }

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// The prefixes under which the file has this name.
std::vector<std::string> prefixes_of(const TensorFile& file, const std::string& name) {
  std::vector<std::string> prefixes;
  for (const std::string& full : file.names()) {
    if (!full.ends_with(name)) continue;
    std::string prefix = full.substr(0, full.size() - name.size());
    if (prefix.empty() || prefix.ends_with('.')) prefixes.push_back(std::move(prefix));
  }
  return prefixes;
}

// Of several encoders in a file the one that is meant: the weights before their averages, a teacher before its student.
int rank_of(const std::string& prefix) {
  if (contains(prefix, "ema")) return 2;
  return contains(prefix, "student") || contains(prefix, "momentum") || contains(prefix, "encoder_k.") ? 1 : 0;
}

// Official names are written by several programs: what stands beside them tells.
std::string writer_of_official(const TensorFile& file, const std::string& prefix) {
  const auto has = [&](std::string_view name) { return file.find(format("{}{}", prefix, name)) != nullptr; };
  if (contains(prefix, "teacher") || contains(prefix, "student")) return "EsViT";
  if (has("absolute_pos_embed") && (has("decoder_embed.weight") || has("mask_token"))) return "MixMIM";
  if (has("mask_token")) return "SimMIM";
  if (has("norm0.weight") || has("norm1.weight")) return "Mask2Former";
  return "official Swin";
}

bool is_glid(const TensorFile& file, const std::string& prefix) {  // that of `encoder.`
  return has_any(file, [&](const std::string& name) {
    return name.starts_with(prefix) &&
           (std::string_view(name).substr(prefix.size()).starts_with("encoder.norm0.") ||
            std::string_view(name).substr(prefix.size()).starts_with("bifpn.cells."));
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

FoundEncoder found_under(const TensorFile& file, Dialect dialect, std::string prefix) {
  switch (dialect) {
    case Dialect::kTimmFeatures:
      return {dialect, "timm features_only", std::move(prefix)};
    case Dialect::kHuggingFace:
      return {dialect, "Hugging Face", std::move(prefix)};
    case Dialect::kTransformers:
      return {dialect, "transformers 5", std::move(prefix)};
    case Dialect::kTorchvision:
      return {dialect, "torchvision", std::move(prefix)};
    case Dialect::kOpenMmlab:
      return {dialect, "OpenMMLab", std::move(prefix)};
    default:
      return among_official(file, std::move(prefix));
  }
}

[[noreturn]] void refuse(const std::string& where, const char* what) {
  throw UsageError(where, format("is a {}", what), {}, "GLID's encoder is Swin v1: take weights of one (docs/weights.md)");
}

bool is_swin_v2(const std::string& name) {
  return contains(name, "cpb_mlp.") || contains(name, "continuous_position_bias_mlp.") || name.ends_with("attn.logit_scale");
}

// Blocks without stages, or a class token: GLID's own is the decoder's.
bool is_vit(const std::string& name) {
  constexpr std::string_view kBlock = "blocks.0.attn.qkv.weight";
  if (name == kBlock || name.ends_with(format(".{}", kBlock))) return true;
  return name.ends_with("cls_token") && !name.ends_with("decoder.cls_token");
}

// Sizes of the encoder by its tensors; what must agree is compared, so that no model is larger than the file says.
class ShapeReader {
 public:
  ShapeReader(const TensorFile& file, const FoundEncoder& found, const std::string& where)
      : file_(file), found_(found), where_(where) {}

  SwinShape read() const {
    SwinShape shape;
    const std::vector<int64_t> patches = require("patch_embed.proj.weight", 4);
    if (patches[1] != 3 || patches[2] != patches[3] || patches[2] > 64) contradicts("patch_embed.proj.weight", patches);
    shape.channels = patches[0];
    shape.patch = patches[2];
    for (int stage = 0; stage < kNumStages; ++stage) read_stage(shape, stage);
    return shape;
  }

 private:
  // Empty where there is none.
  std::vector<int64_t> sizes(const std::string& parameter) const {
    const ReadParameter read = read_parameter(file_, found_, parameter, where_);
    return read.tensor.defined() ? read.tensor.sizes().vec() : std::vector<int64_t>();
  }
  std::vector<int64_t> require(const std::string& parameter, size_t rank) const {
    std::vector<int64_t> found = sizes(parameter);
    if (found.empty()) throw DataError(where_, "lacks a tensor of the encoder", parameter);
    if (found.size() != rank || std::ranges::find(found, 0) != found.end()) contradicts(parameter, found);
    return found;
  }
  [[noreturn]] void contradicts(const std::string& parameter, const std::vector<int64_t>& found) const {
    throw DataError(where_ + ": " + parameter, "is of no shape that a Swin encoder has", glid::format("{}", fmt::join(found, "x")));
  }
  void read_stage(SwinShape& shape, int stage) const {
    const int64_t channels = shape.stage_channels(stage);
    const auto block = [&](int64_t b) { return format("layers.{}.blocks.{}.", stage, b); };
    const std::string table = block(0) + "attn.relative_position_bias_table";
    const std::vector<int64_t> rows_and_heads = require(table, 2);
    shape.windows[stage] = window_of_table(rows_and_heads[0]);
    shape.heads[stage] = rows_and_heads[1];
    if (shape.windows[stage] == 0 || channels % shape.heads[stage] != 0) contradicts(table, rows_and_heads);
    int64_t depth = 0;
    for (; depth == 0 || !sizes(block(depth) + "mlp.fc1.weight").empty(); ++depth) {
      const std::string name = block(depth) + "mlp.fc1.weight";
      const std::vector<int64_t> found = require(name, 2);
      if (found != std::vector<int64_t>{4 * channels, channels}) contradicts(name, found);
    }
    shape.depths[stage] = depth;
  }

  const TensorFile& file_;
  const FoundEncoder& found_;
  const std::string& where_;
};

auto size_of(const SwinShape& shape) { return std::tie(shape.channels, shape.depths, shape.heads); }

// The preset with these channels, depths and heads.
std::optional<EncoderName> name_of_size(const SwinShape& shape) {
  for (const auto& known : enum_names(EncoderName{})) {
    const SwinShape preset = swin_preset(known.value);
    if (size_of(preset) == size_of(shape)) return known.value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<FoundEncoder> find_encoder(const TensorFile& file, const std::string& where) {
  if (has_any(file, is_swin_v2)) refuse(where, "Swin v2");
  for (const Dialect dialect : {Dialect::kOfficial, Dialect::kTimmFeatures, Dialect::kHuggingFace, Dialect::kTransformers,
                                Dialect::kTorchvision, Dialect::kOpenMmlab}) {
    const std::string table = spellings(dialect, "layers.0.blocks.0.attn.relative_position_bias_table")[0][0];
    std::vector<std::string> prefixes = prefixes_of(file, table);
    if (prefixes.empty()) continue;
    std::ranges::stable_sort(prefixes, {}, rank_of);
    FoundEncoder found = found_under(file, dialect, prefixes[0]);
    found.others.assign(prefixes.begin() + 1, prefixes.end());
    found.shape = ShapeReader(file, found, where).read();
    return found;
  }
  if (has_any(file, is_vit)) refuse(where, "ViT");
  return std::nullopt;
}

std::string encoder_text(const SwinShape& shape) {
  const std::optional<EncoderName> name = name_of_size(shape);
  const std::string size =
      name ? std::string(config::name_of(*name))
           : glid::format("Swin of {} channels, blocks {}, heads {}", shape.channels, fmt::join(shape.depths, "-"),
                          fmt::join(shape.heads, "-"));
  const bool is_one = std::ranges::count(shape.windows, shape.windows[0]) == kNumStages;
  return glid::format("{}, window{} {}", size, is_one ? "" : "s",
                      fmt::join(shape.windows.begin(), shape.windows.begin() + (is_one ? 1 : kNumStages), ", "));
}

void require_same_size(const FoundEncoder& found, const SwinShape& ours, const std::string& where,
                       const std::string& option) {
  if (size_of(found.shape) == size_of(ours)) return;
  const std::optional<EncoderName> name = name_of_size(found.shape);
  throw UsageError(where, "holds an encoder of another size than the model's", encoder_text(found.shape),
                   name ? format("the model is {}; {}{} takes it", encoder_text(ours), option, config::name_of(*name))
                        : format("the model is {}, and no name has that size", encoder_text(ours)));
}

}  // namespace glid
