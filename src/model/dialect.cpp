#include "glid/model/dialect.h"

#include <ATen/ATen.h>

#include <charconv>

#include "glid/core/format.h"
#include "glid/nn/batch_plan.h"

namespace glid {
namespace {

// A dialect's words. Empty ones: it has no such thing.
struct Words {
  std::string_view patch_embed, patch_norm;
  std::string (*block)(int64_t stage, int64_t block);
  std::string (*merging)(int64_t stage);  // that behind the stage
  std::string_view norm1, bias_table, qkv, proj, norm2, fc1, fc2;
  std::array<std::string_view, 3> split{};             // instead of qkv
  std::string (*stage_norm)(int64_t stage) = nullptr;  // of a stage's output
  std::string_view final_norm;                         // behind the last stage
};

constexpr Words kOfficialWords{
    .patch_embed = "patch_embed.proj",
    .patch_norm = "patch_embed.norm",
    .block = [](int64_t s, int64_t b) { return format("layers.{}.blocks.{}", s, b); },
    .merging = [](int64_t s) { return format("layers.{}.downsample", s); },
    .norm1 = "norm1",
    .bias_table = "attn.relative_position_bias_table",
    .qkv = "attn.qkv",
    .proj = "attn.proj",
    .norm2 = "norm2",
    .fc1 = "mlp.fc1",
    .fc2 = "mlp.fc2",
    .stage_norm = [](int64_t s) { return format("norm{}", s); },
    .final_norm = "norm",
};

constexpr Words timm_words() {
  Words words = kOfficialWords;
  words.merging = [](int64_t s) { return format("layers.{}.downsample", s + 1); };
  words.stage_norm = nullptr;
  return words;
}

constexpr Words timm_features_words() {
  Words words = kOfficialWords;
  words.block = [](int64_t s, int64_t b) { return format("layers_{}.blocks.{}", s, b); };
  words.merging = [](int64_t s) { return format("layers_{}.downsample", s + 1); };
  words.stage_norm = nullptr;
  words.final_norm = "";
  return words;
}

constexpr Words kHuggingFaceWords{
    .patch_embed = "embeddings.patch_embeddings.projection",
    .patch_norm = "embeddings.norm",
    .block = [](int64_t s, int64_t b) { return format("encoder.layers.{}.blocks.{}", s, b); },
    .merging = [](int64_t s) { return format("encoder.layers.{}.downsample", s); },
    .norm1 = "layernorm_before",
    .bias_table = "attention.self.relative_position_bias_table",
    .qkv = "",
    .proj = "attention.output.dense",
    .norm2 = "layernorm_after",
    .fc1 = "intermediate.dense",
    .fc2 = "output.dense",
    .split = {"attention.self.query", "attention.self.key", "attention.self.value"},
    .stage_norm = [](int64_t s) { return format("hidden_states_norms.stage{}", s + 1); },
    .final_norm = "layernorm",
};

constexpr Words transformers_words() {
  Words words = kHuggingFaceWords;
  words.bias_table = "attention.relative_position_bias.relative_position_bias_table";
  words.proj = "attention.o_proj";
  words.fc1 = "mlp.fc1";
  words.fc2 = "mlp.fc2";
  words.split = {"attention.q_proj", "attention.k_proj", "attention.v_proj"};
  return words;
}

constexpr Words kTorchvisionWords{
    .patch_embed = "features.0.0",
    .patch_norm = "features.0.2",
    .block = [](int64_t s, int64_t b) { return format("features.{}.{}", 2 * s + 1, b); },
    .merging = [](int64_t s) { return format("features.{}", 2 * s + 2); },
    .norm1 = "norm1",
    .bias_table = "attn.relative_position_bias_table",
    .qkv = "attn.qkv",
    .proj = "attn.proj",
    .norm2 = "norm2",
    .fc1 = "mlp.0",
    .fc2 = "mlp.3",
    .final_norm = "norm",
};

constexpr Words kOpenMmlabWords{
    .patch_embed = "patch_embed.projection",
    .patch_norm = "patch_embed.norm",
    .block = [](int64_t s, int64_t b) { return format("stages.{}.blocks.{}", s, b); },
    .merging = [](int64_t s) { return format("stages.{}.downsample", s); },
    .norm1 = "norm1",
    .bias_table = "attn.w_msa.relative_position_bias_table",
    .qkv = "attn.w_msa.qkv",
    .proj = "attn.w_msa.proj",
    .norm2 = "norm2",
    .fc1 = "ffn.layers.0.0",
    .fc2 = "ffn.layers.1",
    .stage_norm = [](int64_t s) { return format("norm{}", s); },
};

const Words& words_of(Dialect dialect) {
  static constexpr Words kTimmWords = timm_words(), kTimmFeaturesWords = timm_features_words(),
                         kTransformersWords = transformers_words();
  switch (dialect) {
    case Dialect::kGlid:
    case Dialect::kOfficial: return kOfficialWords;
    case Dialect::kTimm: return kTimmWords;
    case Dialect::kTimmFeatures: return kTimmFeaturesWords;
    case Dialect::kHuggingFace: return kHuggingFaceWords;
    case Dialect::kTransformers: return kTransformersWords;
    case Dialect::kTorchvision: return kTorchvisionWords;
    case Dialect::kOpenMmlab: return kOpenMmlabWords;
  }
  return kOfficialWords;
}

// Takes `beginning` and the number behind it off `text`.
bool take_number(std::string_view& text, std::string_view beginning, int64_t& number) {
  if (!text.starts_with(beginning)) return false;
  const char* first = text.data() + beginning.size();
  const auto [end, error] = std::from_chars(first, text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

// What stands in a block under our name for it.
std::vector<std::string_view> words_in_block(const Words& words, std::string_view member) {
  if (member == "norm1") return {words.norm1};
  if (member == "norm2") return {words.norm2};
  if (member == "attn.proj") return {words.proj};
  if (member == "mlp.fc1") return {words.fc1};
  if (member == "mlp.fc2") return {words.fc2};
  if (member == "attn.qkv" && words.qkv.empty()) return {words.split.begin(), words.split.end()};
  return {words.qkv};
}

// Of a name behind its block: ".attn.qkv.weight".
Spelling in_block(const Words& words, const std::string& block, std::string_view rest) {
  if (rest == ".attn.relative_position_bias_table") return {format("{}.{}", block, words.bias_table)};
  const size_t dot = rest.rfind('.');
  Spelling names;
  for (const std::string_view word : words_in_block(words, rest.substr(1, dot - 1)))
    names.push_back(format("{}.{}{}", block, word, rest.substr(dot)));
  return names;
}

// Of a name behind `patch_embed`: ".proj.weight".
Spelling in_stem(const Words& words, std::string_view rest) {
  const size_t dot = rest.rfind('.');
  return {format("{}{}", rest.substr(0, dot) == ".proj" ? words.patch_embed : words.patch_norm, rest.substr(dot))};
}

bool is_of_vit(std::string_view parameter) {
  for (const std::string_view beginning : {"blocks.", "norm.", "cls_token", "pos_embed", "rel_pos_bias.", "pyramid."})
    if (parameter.starts_with(beginning)) return true;
  return false;
}

// timm's ViT has LayerScale of another name than BEiT, and BEiT biases of q and v alone. Nobody else has a pyramid.
std::vector<Spelling> spellings_of_vit(const std::string& parameter) {
  const std::string_view name = parameter;
  const auto with_end = [&](std::string_view end, std::string_view other) {
    return std::string(name.substr(0, name.size() - end.size())) + std::string(other);
  };
  if (name.starts_with("pyramid.")) return {};
  if (name.ends_with(".gamma_1")) return {{parameter}, {with_end("gamma_1", "ls1.gamma")}};
  if (name.ends_with(".gamma_2")) return {{parameter}, {with_end("gamma_2", "ls2.gamma")}};
  if (name.ends_with("attn.qkv.bias"))
    return {{parameter}, {with_end("qkv.bias", "q_bias"), with_end("qkv.bias", "v_bias")}};
  if (constexpr std::string_view kOwn = "attn.rel_pos_bias.relative_position_bias_table"; name.ends_with(kOwn))
    return {{with_end(kOwn, "attn.relative_position_bias_table")}};
  if (name.starts_with("norm.")) return {{parameter}, {"fc_" + parameter}};
  return {{parameter}};
}

}  // namespace

std::vector<Spelling> spellings(Dialect dialect, const std::string& parameter) {
  const Words& words = words_of(dialect);
  if (dialect == Dialect::kGlid) return {{"encoder." + parameter}};
  if (is_of_vit(parameter)) return dialect == Dialect::kTimm ? spellings_of_vit(parameter) : std::vector<Spelling>{};
  std::string_view rest = parameter;
  int64_t stage = 0, block = 0;
  if (take_number(rest, "norm", stage)) {
    std::vector<Spelling> found;
    if (words.stage_norm) found.push_back({words.stage_norm(stage) + std::string(rest)});
    if (stage == kNumStages - 1 && !words.final_norm.empty())
      found.push_back({std::string(words.final_norm) + std::string(rest)});
    return found;
  }
  if (!take_number(rest, "layers.", stage)) return {in_stem(words, rest.substr(std::string_view("patch_embed").size()))};
  if (take_number(rest, ".blocks.", block)) return {in_block(words, words.block(stage, block), rest)};
  return {{words.merging(stage) + std::string(rest.substr(std::string_view(".downsample").size()))}};
}

ForeignTensors to_dialect(Dialect dialect, const NamedTensors& parameters) {
  TORCH_CHECK(dialect != Dialect::kOpenMmlab, "files are not written in OpenMMLab's layout");
  ForeignTensors foreign;
  for (const auto& [name, tensor] : parameters) {
    const std::vector<Spelling> all = spellings(dialect, name);
    if (all.empty()) foreign.left_out.push_back(name);
    for (const Spelling& spelling : all) {
      const std::vector<at::Tensor> parts = tensor.chunk(std::ssize(spelling));
      for (size_t i = 0; i < spelling.size(); ++i) foreign.tensors.emplace_back(spelling[i], parts[i].contiguous());
    }
  }
  return foreign;
}

}  // namespace glid
