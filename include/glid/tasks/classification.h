// The class of an image. Answered by [CLS] alone it isn't in the paper: a check of what a pre-training is worth, and the
// shortest task to read (docs/adding_a_task.md). Answered by the mean of the encoder's last tokens it is how Swin itself is
// trained, the supervised baseline of the paper's Table 2: the task `supervised`.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "glid/config/fields.h"
#include "glid/data/transforms.h"
#include "glid/metrics/metric_settings.h"
#include "glid/tasks/class_augment.h"
#include "glid/tasks/task.h"
#include "glid/tasks/viewer.h"

namespace glid {

enum class ClassReader { kCls, kEncoder };
constexpr auto enum_names(ClassReader) {
  return std::to_array<config::Named<ClassReader>>(
      {{ClassReader::kCls, "cls", "[CLS], through BiFPN and decoder"},
       {ClassReader::kEncoder, "encoder", "the mean of the encoder's last tokens; there is no BiFPN and no decoder"}});
}

struct ClassificationConfig {
  static constexpr std::string_view kName = "classification";
  static constexpr auto kMetrics = std::to_array<std::string_view>({AccuracySettings::kName});
  ClassReader reads = ClassReader::kCls;
  double smoothing = 0.1;
  double crop_area = kSmallestCrop;
  double erase = 0;
  MixingConfig mixing;

  template <class V>
  void fields(V& v) {
    v("reads", reads, "what answers");
    v("smoothing", smoothing, "part of the target that all classes share evenly", config::in_range(0, config::below(1)));
    v("crop_area", crop_area, "smallest part of an image's area that a random crop has", config::in_range(0.01, 1));
    v("erase", erase, "how often a rectangle of a picture becomes noise", config::in_range(0, 1));
    mixing.fields(v);
  }
  HeadInput input() const { return reads == ClassReader::kCls ? HeadInput::kQueries : HeadInput::kEncoder; }
  // Of a micro-batch; paths as seen from the whole configuration.
  void check_batch(int64_t pictures, config::Problems& problems) const {
    if (mixing.mixes() && pictures % 2 != 0)
      problems.add("train.batch_size", "must give micro-batches of whole pairs, which task.mixup and task.cutmix mix",
                   std::to_string(pictures) + " pictures of a rank at a time",
                   "an even number, or task.mixup=0 and task.cutmix=0");
  }
};

// Swin's own training (microsoft/Swin-Transformer, config.py; of its augmentations only RandAugment isn't there).
//   glid_train --config configs/baselines/supervised_swinb.yaml --set data.root=/data/imagenet
struct SupervisedConfig : ClassificationConfig {
  static constexpr std::string_view kName = "supervised";
  SupervisedConfig() {
    reads = ClassReader::kEncoder;
    crop_area = 0.08;
    erase = 0.25;
    mixing = {.mixup = 0.8, .cutmix = 1};
  }
};

class Classification : public Task {
 public:
  // Throws UsageError when the data has no classes of images.
  Classification(const ClassificationConfig& config, const TaskContext& context);

  TaskSpec spec() const override;  // head: "class", one output a class
  // MAE's crops: random ones to train on, which may be erased in part, the centre's otherwise. Array: "label" [1]. Throws
  // DataError without a label.
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;
  LossCounts counts(const Batch& batch) const override;  // "images": 1
  // In training pictures may be mixed; target: then "classes" [B, classes], their shares.
  Question ask(Batch batch, bool training) const override;
  // Cross-entropy with smoothed labels (Szegedy et al., CVPR 2016).
  Losses losses(std::span<const Answer> answers, const Question& question) const override;
  bool has_references() const override { return true; }
  std::vector<Reference> references(const Question& question) const override;  // classes that are equally likely
  std::vector<Prediction> predict(const AnsweredBatch& answered) const override;
  // image, with the class predicted and the right one.
  std::vector<std::vector<Image>> pictures(std::span<const Answer> answers, const Question& question) const override;
  std::vector<std::string> picture_titles() const override;

 private:
  void mix(Question& question) const;

  ClassificationConfig config_;
  std::vector<Vocabulary::Class> classes_;
  int64_t size_px_;
  Viewer viewer_;
};

}  // namespace glid
