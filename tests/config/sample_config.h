// A configuration with a field of every kind.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "glid/config/fields.h"

namespace glid {

enum class PrecisionSample { kFp32, kBf16, kFp16 };
constexpr auto enum_names(PrecisionSample) {
  return std::to_array<config::Named<PrecisionSample>>(
      {{PrecisionSample::kFp32, "fp32"}, {PrecisionSample::kBf16, "bf16"}, {PrecisionSample::kFp16, "fp16"}});
}

struct EncoderSample {
  std::string name = "swinb";
  config::OneOrMany<int64_t, 4> window = 7;
  std::optional<int64_t> patch;

  template <class V>
  void fields(V& v) {
    v("name", name, "preset", config::one_of({"tiny", "swint", "swinb"}));
    v("window", window, "side of a window, tokens", config::positive());
    v("patch", patch, "side of a patch; null: the preset's", config::one_of({2, 4}));
  }
};

struct ModelSample {
  EncoderSample encoder;
  int64_t layers = 6;

  template <class V>
  void fields(V& v) {
    v("encoder", encoder, "the backbone");
    v("layers", layers, "decoder layers", config::in_range(1, 12));
  }
  void check(config::Problems& problems) const {
    if (encoder.name == "tiny" && layers > 3) problems.add("layers", "must be at most 3 for the tiny encoder");
  }
};

struct MaskedImageSample {
  static constexpr std::string_view kName = "masked_image";
  double mask_ratio = 0.75;

  template <class V>
  void fields(V& v) {
    v("mask_ratio", mask_ratio, "share that is hidden", config::in_range(config::above(0), config::below(1)));
  }
  void check(config::Problems& problems) const {
    if (mask_ratio == 0.5 || mask_ratio == 0.75) return;
    problems.add("mask_ratio", "must be 0.5 or 0.75", std::to_string(mask_ratio).substr(0, 4), "see the paper, table 7");
  }
};

struct DetectionSample {
  static constexpr std::string_view kName = "detection";
  int64_t queries = 300;
  double mask_ratio_of_boxes = 0;

  template <class V>
  void fields(V& v) {
    v("queries", queries, "boxes an image", config::positive());
    v("mask_ratio_of_boxes", mask_ratio_of_boxes, "share of boxes that are hidden");
  }
};

struct OptimSample {
  double lr = 1.2e-3;
  std::array<double, 2> betas{0.9, 0.999};
  std::optional<double> clip = 3.0;

  template <class V>
  void fields(V& v) {
    v("lr", lr, "peak learning rate", config::positive());
    v("betas", betas, "of AdamW", config::in_range(0, config::below(1)));
    v("clip", clip, "largest gradient norm; null: not clipped", config::positive());
  }
};

struct RunSample {
  uint64_t seed = 0;
  std::string root;
  bool flip = true;
  PrecisionSample precision = PrecisionSample::kBf16;
  std::vector<std::string> parts{"encoder"};
  ModelSample model;
  std::variant<MaskedImageSample, DetectionSample> task;
  OptimSample optim;

  template <class V>
  void fields(V& v) {
    v("seed", seed, "of every random number");
    v.required("root", root, "folder of images");
    v("flip", flip, "flip half of the images");
    v("precision", precision, "of matrix products");
    v("parts", parts, "what is loaded", config::one_of({"encoder", "bifpn", "decoder"}));
    v("model", model, "the network");
    v("task", task, "what is learnt");
    v("optim", optim, "weight updates");
  }
};

}  // namespace glid
