// Masked image modelling, GLID's pre-training: hidden units are the queries, their pixels the answers (paper section 3.1).
#pragma once

#include <array>
#include <string_view>

#include "glid/config/fields.h"
#include "glid/tasks/mask.h"
#include "glid/tasks/task.h"
#include "glid/tasks/viewer.h"

namespace glid {

enum class PixelTarget {
  kNormalised,  // (t - mean) / sqrt(var_unbiased + 1e-6) of each hidden unit (MAE's norm_pix_loss)
  kRaw,         // pixels in ImageNet's mean and deviation
};
constexpr auto enum_names(PixelTarget) {
  return std::to_array<config::Named<PixelTarget>>({{PixelTarget::kNormalised, "normalised"}, {PixelTarget::kRaw, "raw"}});
}

struct MaskedImageConfig {
  static constexpr std::string_view kName = "masked_image";
  static constexpr std::array<std::string_view, 0> kMetrics{};  // beside the loss
  static constexpr bool kOnlyImages = true;                     // whatever annotations there are
  MaskStrategy mask = MaskStrategy::kRandom;
  double mask_ratio = 0.75;
  PixelTarget target = PixelTarget::kNormalised;

  template <class V>
  void fields(V& v) {
    v("mask", mask, "how hidden units are drawn");
    v("mask_ratio", mask_ratio, "part of the units that is hidden; the grid mask only has 0.75",
      config::one_of({0.5, 0.6, 0.75}));
    v("target", target, "pixels of a hidden unit in its own mean and deviation, or in ImageNet's");
  }
  // Whether pictures of this many units can be masked so; paths as seen from the whole configuration.
  void check_grid(const UnitGrid& grid, config::Problems& problems) const;
};

// MAE's target: pixels [.., values of a unit] in the mean and unbiased deviation of each unit, variance floor 1e-6.
at::Tensor normalise_units(const at::Tensor& pixels);

class MaskedImage : public Task {
 public:
  // Pictures of size_px x size_px, a multiple of `shape`.unit_px(); drop-path draws where the shape asks for them.
  MaskedImage(const MaskedImageConfig& config, const EncoderShape& shape, int64_t size_px);

  TaskSpec spec() const override;  // one head, "pixels": 3 U^2, in the order row, column, channel
  // MAE's crop and flip, or its centre crop, and a mask.
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;
  LossCounts counts(const Batch& batch) const override;     // "units": the hidden ones
  Question ask(Batch batch, bool training) const override;  // targets: "pixels" [B, N, 3 U^2]
  // Eq. 2 in its mean form: mean over a unit's values, summed over hidden units. Diagnostic: query_spread, the deviation
  // of an image's predictions over its queries, mean over outputs and images; under 0.02 all queries answer alike.
  Losses losses(std::span<const Answer> answers, const Question& question) const override;
  bool has_references() const override { return true; }
  std::vector<Reference> references(const Question& question) const override;
  // masked, reconstruction, control (a prediction of 0 with the same statistics), original.
  std::vector<std::vector<Image>> pictures(std::span<const Answer> answers, const Question& question) const override;
  std::vector<std::string> picture_titles() const override;

 private:
  at::Tensor target_of(const at::Tensor& hidden) const;                                // pixels [B, N, 3 U^2] -> target
  at::Tensor to_pixels(const at::Tensor& prediction, const at::Tensor& hidden) const;  // the way back

  MaskedImageConfig config_;
  EncoderShape shape_;
  int64_t size_px_;
  Viewer viewer_;
};

}  // namespace glid
