// What tasks have in common that predict pixels of units: crops, targets, losses, predictors that never learn, pictures.
// Such a task only says which units are hidden and how the model is asked about them.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "glid/config/fields.h"
#include "glid/data/transforms.h"
#include "glid/formats/resize.h"
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

constexpr auto enum_names(Filter) {
  return std::to_array<config::Named<Filter>>({{Filter::kBicubic, "bicubic"}, {Filter::kBilinear, "bilinear"}});
}

// A task that learns from images alone, whatever annotations there are, and is measured by its loss.
struct ImagesAlone {
  static constexpr std::array<std::string_view, 0> kMetrics{};  // beside the loss
  static constexpr bool kOnlyImages = true;
};

// Keys of every such task.
struct PixelConfig {
  PixelTarget target = PixelTarget::kNormalised;
  double crop_area = kSmallestCrop;
  Filter interpolation = Filter::kBicubic;

  template <class V>
  void fields(V& v) {
    v("target", target, "pixels of a hidden unit in its own mean and deviation, or in ImageNet's");
    v("crop_area", crop_area, "smallest part of an image's area that a random crop has", config::in_range(0.01, 1));
    v("interpolation", interpolation, "of crops when they are scaled: bicubic as MAE's, bilinear as SimMIM's");
  }
};

// Keys of those that draw a mask.
struct HidingConfig {
  MaskStrategy mask = MaskStrategy::kRandom;
  double mask_ratio = 0.75;
  PixelConfig pixels;

  template <class V>
  void fields(V& v) {
    v("mask", mask, "how hidden units are drawn");
    v("mask_ratio", mask_ratio, "part of the units that is hidden, rounded up to whole ones; the grid mask only has 0.75",
      config::in_range(0.01, 0.99));
    pixels.fields(v);
  }
  // Whether pictures of this many units can be masked so; paths as seen from the whole configuration.
  void check_grid(const UnitGrid& grid, config::Problems& problems) const;
};

// The configuration of a task whose keys begin with those.
struct HidingTaskConfig : ImagesAlone {
  HidingConfig hiding;

  template <class V>
  void fields(V& v) {
    hiding.fields(v);
  }
  void check_grid(const UnitGrid& grid, config::Problems& problems) const { hiding.check_grid(grid, problems); }
};

enum class PixelLoss { kSquared, kAbsolute };

// MAE's target: pixels [.., values of a unit] in the mean and unbiased deviation of each unit, variance floor 1e-6.
at::Tensor normalise_units(const at::Tensor& pixels);
// The way back, with the mean and the deviation of the pixels of a unit each.
at::Tensor restore_units(const at::Tensor& normalised, const at::Tensor& pixels);

// The hidden units of a run of the batch's pictures.
struct HiddenUnitsOfRun {
  ImageRange images;
  at::Tensor cells;    // [B, N] int64, in their pictures
  at::Tensor rows;     // [B * N] int64, among the units of all pictures
  at::Tensor counted;  // [B, N] bool; false: a picture that hides fewer has its last one again. Undefined: all hide N
};

// In the order of the runs: those that a run's plan hides or, where a run is seen whole, the array "hidden" [of each].
std::vector<HiddenUnitsOfRun> hidden_units_of(const Batch& batch, const BatchPlan& plan);

// Like the target [B, N, 3 U^2].
struct BlindPixels {
  at::Tensor colour, interpolation;
};

class PixelTask : public Task {
 public:
  // Pictures of size_px x size_px, a multiple of `shape`.unit_px(); drop-path draws where the shape asks for them.
  PixelTask(const PixelConfig& config, PixelLoss loss, const EncoderShape& shape, int64_t size_px);

  LossCounts counts(const Batch& batch) const override;  // "units": the hidden ones
  // One query a run of alike pictures, and its target [B, N, 3 U^2], "pixels" of the first one.
  Question ask(Batch batch, bool training) const override;
  // The error's mean over a unit's values, summed over hidden units. Diagnostic: query_spread, the deviation of an image's
  // predictions over its units, mean over outputs and images; under 0.02 all get the same answer.
  Losses losses(std::span<const Answer> answers, const Question& question) const override;
  bool has_references() const override { return true; }
  std::vector<Reference> references(const Question& question) const override;
  // masked, reconstruction, control (a prediction of 0 with the same statistics), original; of a sample's first view.
  std::vector<std::vector<Image>> pictures(std::span<const Answer> answers, const Question& question) const override;
  std::vector<std::string> picture_titles() const override;

 protected:
  // The question about hidden units, [B, N] in their pictures, whose last N answers are about them.
  virtual Query query(const at::Tensor& cells) const = 0;
  HeadSpec head() const { return {"pixels", 3 * shape_.unit_px() * shape_.unit_px()}; }  // in the order row, column, channel
  UnitGrid grid() const { return {size_px_ / shape_.unit_px(), size_px_ / shape_.unit_px()}; }
  const EncoderShape& shape() const { return shape_; }
  // MAE's crop and flip of a sample, or its centre crop, seen whole.
  PreparedImage crop(const Sample& sample, const SampleKey& key, bool training) const;
  at::Tensor target_of(const at::Tensor& pixels) const;  // [.., 3 U^2] -> target
  // What predictors that never learn make of `units` [units, U, U, 3], those of one run, whose rows `hidden` has: of the
  // mean colour of all that is seen, and of all that is seen by its distance.
  virtual BlindPixels blind(const at::Tensor& units, const HiddenUnitsOfRun& hidden, const at::Tensor& target) const;

 private:
  at::Tensor to_pixels(const at::Tensor& prediction, const at::Tensor& hidden) const;  // the way back
  at::Tensor error(const at::Tensor& prediction, const at::Tensor& target) const;

  PixelConfig config_;
  PixelLoss loss_;
  EncoderShape shape_;
  int64_t size_px_;
  Viewer viewer_;
};

// Those that draw a mask, and whose encoder sees the other units.
class MaskedPixelTask : public PixelTask {
 public:
  MaskedPixelTask(const HidingConfig& config, PixelLoss loss, const EncoderShape& shape, int64_t size_px)
      : PixelTask(config.pixels, loss, shape, size_px), config_(config) {}

  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;

 protected:
  std::vector<int64_t> draw_seen(const SampleKey& key) const;  // the units of a sample that are to be seen

 private:
  HidingConfig config_;
};

}  // namespace glid
