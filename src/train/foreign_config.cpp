#include "foreign_config.h"

#include <algorithm>
#include <optional>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "json_list.h"

namespace glid {
namespace {

int64_t largest_window(const SwinShape& shape) { return *std::ranges::max_element(shape.windows); }

// Whether the windows of a model of one window are these at this size of image, where no window is larger than its map.
bool has_windows_at(const SwinShape& shape, int64_t size_px) {
  for (int stage = 0; stage < kNumStages; ++stage)
    if (std::min(size_px / shape.patch >> stage, largest_window(shape)) != shape.windows[stage]) return false;
  return true;
}

// 224 px where it fits, else the smallest that does.
std::optional<int64_t> image_size_px(const SwinShape& shape) {
  constexpr int64_t kUsual = 224, kMostUnits = 64;
  if (kUsual % shape.unit_px() == 0 && has_windows_at(shape, kUsual)) return kUsual;
  for (int64_t units = 1; units <= kMostUnits; ++units)
    if (has_windows_at(shape, units * shape.unit_px())) return units * shape.unit_px();
  return std::nullopt;
}

[[noreturn]] void refuse_windows(const SwinShape& shape, const std::string& where, const char* what) {
  throw UsageError(where, what, glid::format("{}", fmt::join(shape.windows, ",")),
                   format("--window {} resizes the bias tables", largest_window(shape)));
}

// The names that all of them share.
Json with_size(Json json, const SwinShape& shape) {
  return json.set("embed_dim", shape.channels)
      .set("depths", list_of(shape.depths))
      .set("num_heads", list_of(shape.heads))
      .set("window_size", largest_window(shape))
      .set("patch_size", shape.patch);
}

// A model of timm's whose other arguments are of this size.
std::string_view timm_name(const SwinShape& shape) {
  if (shape.channels == 128) return "swin_base_patch4_window7_224";
  if (shape.channels == 192) return "swin_large_patch4_window7_224";
  return "swin_tiny_patch4_window7_224";
}

Json huggingface_config(const SwinShape& shape, int64_t size_px, const std::vector<int>& normed_stages) {
  Json::Array out;
  for (const int stage : normed_stages) out.push_back(format("stage{}", stage));
  Json json = Json::object().set("model_type", "swin").set("architectures", Json::Array{"SwinBackbone"});
  json =
      with_size(json, shape).set("image_size", size_px).set("num_channels", 3).set("mlp_ratio", 4.0).set("qkv_bias", true);
  return json.set("hidden_act", "gelu").set("layer_norm_eps", 1e-5).set("out_features", out);
}

}  // namespace

Json foreign_config(Dialect dialect, const SwinShape& shape, const std::vector<int>& normed_stages,
                    const std::string& where) {
  const bool is_one = std::ranges::count(shape.windows, shape.windows[0]) == kNumStages;
  if (dialect == Dialect::kHuggingFace && !is_one)
    refuse_windows(shape, where, "has one window for all stages, but the encoder has others");
  const std::optional<int64_t> size_px = image_size_px(shape);
  if (!size_px) refuse_windows(shape, where, "makes windows smaller where maps are, but these at no size of image");
  if (dialect == Dialect::kHuggingFace) return huggingface_config(shape, *size_px, normed_stages);
  Json json = Json::object();
  if (dialect == Dialect::kTimm) json.set("model_name", timm_name(shape));
  return with_size(json, shape).set("img_size", *size_px).set("num_classes", 0);
}

}  // namespace glid
