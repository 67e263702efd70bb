// Monocular depth by adaptive bins (paper section 3.2, Eq. 5 to 7): every query is a bin, with a length and an embedding.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "glid/config/fields.h"
#include "glid/metrics/metric_settings.h"
#include "glid/tasks/auxiliary.h"
#include "glid/tasks/depth_loss.h"
#include "glid/tasks/mask_features.h"
#include "glid/tasks/query_config.h"
#include "glid/tasks/task.h"
#include "glid/tasks/viewer.h"

namespace glid {

// What Eigen's loss is taken over before it is averaged.
enum class SiPool { kImage, kMicroBatch };
constexpr auto enum_names(SiPool) {
  return std::to_array<config::Named<SiPool>>(
      {{SiPool::kImage, "image", "each image (Eigen et al.): the same however a batch is divided"},
       {SiPool::kMicroBatch, "micro_batch", "all pixels of a micro-batch (Monocular-Depth-Estimation-Toolbox)"}});
}

struct DepthConfig {
  static constexpr std::string_view kName = "depth";
  static constexpr auto kMetrics = std::to_array<std::string_view>({DepthSettings::kName});
  static constexpr auto kTta = std::to_array({Tta::kFlip});
  int64_t bins = 64;
  double min_depth = 1e-3;
  double max_depth = 10;
  BinNorm bin_norm = BinNorm::kSoftmax;
  SiPool si_pool = SiPool::kImage;
  AuxiliaryConfig auxiliary;
  DotConfig dot;
  QueryConfig queries;
  std::optional<std::array<int64_t, 4>> frame;
  std::optional<std::array<int64_t, 2>> crop;
  double rotation = 0;
  bool colour = false;
  bool flip = true;

  template <class V>
  void fields(V& v) {
    v("bins", bins, "queries, each a bin", config::positive());
    v("min_depth", min_depth, "metres, where the first bin begins", config::positive());
    v("max_depth", max_depth, "metres, where the last one ends", config::positive());
    v("bin_norm", bin_norm, "how raw lengths become shares of the range");
    v("si_pool", si_pool, "what the loss is taken over");
    auxiliary.fields(v);
    dot.fields(v);
    queries.fields(v);
    v("frame", frame, "[top, left, height, width] of the pixels that training knows; null: all", config::non_negative());
    v("crop", crop, "[height, width] of random crops to train on; null: pictures are resized to data.image_size",
      config::positive());
    v("rotation", rotation, "training pictures are turned by up to so many degrees, half of them", config::in_range(0, 45));
    v("colour", colour, "AdaBins' gamma, brightness and colour, half of the training pictures");
    v("flip", flip, "half of the training pictures are mirrored");
  }
  void check(config::Problems& problems) const;
};

class Depth : public Task {
 public:
  // Throws UsageError when the data has no depth.
  Depth(const DepthConfig& config, const TaskContext& context);

  TaskSpec spec() const override;  // heads: "lengths" 1, "embedding" d
  // Geometry in the order of recipes: frame, rotation, mirror, crop. Whole pictures when not training, with the truth of the
  // original. Arrays: "depth" [H W] metres, 0 where nothing is known; "is_measured" [1]. Throws DataError without depth,
  // UsageError for a frame or crop that is larger than what is left of the picture.
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;
  LossCounts counts(const Batch& batch) const override;  // "maps": with a valid pixel (or one a micro-batch)
  Question ask(Batch batch, bool training) const override;
  Losses losses(std::span<const Answer> answers, const Question& question) const override;
  // Means over the views of a sample, mirrored ones turned back, at the original's size.
  std::vector<Prediction> predict(const AnsweredBatch& answered) const override;
  // image, prediction, truth.
  std::vector<std::vector<Image>> pictures(std::span<const Answer> answers, const Question& question) const override;
  std::vector<std::string> picture_titles() const override;

  // What the supervised layer with number `layer` (0: the first) says: [n, H, W] metres of the pictures of each run.
  std::vector<at::Tensor> maps(const Answer& answer, const BatchPlan& plan, int64_t layer) const;

 private:
  PreparedImage view_of(const Sample& sample, const Placement& placement) const;
  Placement training_placement(const Image& image, const SampleKey& key) const;
  // [B], as si_pool says.
  at::Tensor map_losses(const std::vector<at::Tensor>& maps, const std::vector<at::Tensor>& truths) const;

  DepthConfig config_;
  EncoderShape shape_;
  int64_t num_layers_, width_;  // of the decoder
  int64_t size_px_;
  Tta tta_;
  Viewer viewer_;
};

}  // namespace glid
