// Poses of persons in crops of their own, top-down as ViTPose has it (paper section 3.2, Eq. 8): every query is a joint and
// answers with an embedding, whose product with f^b is the joint's heatmap.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glid/config/fields.h"
#include "glid/data/heatmaps.h"
#include "glid/data/person_crop.h"
#include "glid/data/scenes.h"
#include "glid/metrics/metric_settings.h"
#include "glid/tasks/auxiliary.h"
#include "glid/tasks/heatmap_loss.h"
#include "glid/tasks/mask_features.h"
#include "glid/tasks/query_config.h"
#include "glid/tasks/task.h"
#include "glid/tasks/viewer.h"

namespace glid {

struct PoseConfig {
  static constexpr std::string_view kName = "pose";
  static constexpr auto kMetrics = std::to_array<std::string_view>({KeypointSettings::kName});
  static constexpr auto kTta = std::to_array({Tta::kFlip});
  static constexpr SceneKind kScenes = SceneKind::kFigures;  // that have joints
  HeatmapLoss heatmap_loss = HeatmapLoss::kSmoothL1;
  double beta = 1;
  double loss_scale = 1;
  AuxiliaryConfig auxiliary;
  DotConfig dot;
  QueryConfig queries;
  std::optional<std::array<int64_t, 2>> crop;
  CropAugmentation augmentation;

  template <class V>
  void fields(V& v) {
    v("heatmap_loss", heatmap_loss, "what compares heatmaps");
    v("beta", beta, "of smooth_l1: differences below it count by their squares", config::positive());
    v("loss_scale", loss_scale, "factor of the loss", config::positive());
    auxiliary.fields(v);
    dot.fields(v);
    queries.fields(v);
    v("crop", crop, "[height, width] of a person's picture, whole units; null: data.image_size for both",
      config::positive());
    augmentation.fields(v);
  }
  void check(config::Problems& problems) const { auxiliary.check(problems); }
};

class Pose : public Task {
 public:
  // Throws UsageError when the data has no joints, or the crop isn't made of whole units.
  Pose(const PoseConfig& config, const TaskContext& context);

  TaskSpec spec() const override;  // head "embedding" d
  // The crop of the sample's person. Arrays: "heatmaps" [K, h, w] at the resolution of f^b and "weights" [K], all 0 where
  // nobody knows whom the box is about; Targets of the picture have the person's joints where that is known.
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;
  // "persons" with joints, or "joints" with weight, as heatmap_loss is a mean over.
  LossCounts counts(const Batch& batch) const override;
  Question ask(Batch batch, bool training) const override;
  Losses losses(std::span<const Answer> answers, const Question& question) const override;
  // One detection a sample: joints from the mean heatmaps of its views, mirrored ones turned back with their joints; its
  // box is the crop. None where no box is known.
  std::vector<Prediction> predict(const AnsweredBatch& answered) const override;
  // crop with the predicted joints, crop with the true ones, the heatmaps' largest values.
  std::vector<std::vector<Image>> pictures(std::span<const Answer> answers, const Question& question) const override;
  std::vector<std::string> picture_titles() const override { return {"prediction", "truth", "heatmaps"}; }

  // What the supervised layer with number `layer` (0: the first) says of all pictures: [B, K, h, w].
  at::Tensor products(const Answer& answer, const BatchPlan& plan, int64_t layer) const;
  // As targets are: about 1 at the joint's place. Products of cross-entropy are logits of places.
  at::Tensor heatmaps(const at::Tensor& products) const;

 private:
  PersonCrop crop_of(const Sample& sample, const Person& person, const SampleKey& key, bool training) const;
  // One view; of nobody's joints without an instance.
  PreparedImage view_of(const Image& image, const Instance* instance, const Placement& placement) const;
  std::vector<Keypoint> placed_joints(const Instance& instance, const Placement& placement) const;
  void put_heatmaps(const std::vector<Keypoint>& joints, PreparedImage& prepared) const;
  // Joints in cells of maps [K, h, w].
  std::vector<ScoredKeypoint> decoded(const at::Tensor& maps) const;
  // The mean of a sample's views, straight.
  at::Tensor mean_of_views(const at::Tensor& maps, const Batch& batch, const ImageRange& sample) const;
  Detection detection(const at::Tensor& maps, const BatchImage& image) const;
  Image with_joints(Image image, std::span<const Keypoint> joints) const;

  PoseConfig config_;
  EncoderShape shape_;
  int64_t num_layers_, width_;  // of the decoder
  Tta tta_;
  Vocabulary vocabulary_;
  std::vector<int64_t> mirrored_;  // joints
  std::vector<bool> is_lower_;     // joints
  int64_t crop_height_, crop_width_;
  HeatmapSize map_;
  Viewer viewer_;
};

}  // namespace glid
