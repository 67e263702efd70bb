// The class of an image, answered by [CLS] alone: not in the paper, a check of what a pre-training is worth and the shortest
// task to read (docs/adding_a_task.md).
#pragma once

#include <array>
#include <string_view>

#include "glid/config/fields.h"
#include "glid/metrics/metric_settings.h"
#include "glid/tasks/task.h"
#include "glid/tasks/viewer.h"

namespace glid {

struct ClassificationConfig {
  static constexpr std::string_view kName = "classification";
  static constexpr auto kMetrics = std::to_array<std::string_view>({AccuracySettings::kName});
  double smoothing = 0.1;

  template <class V>
  void fields(V& v) {
    v("smoothing", smoothing, "part of the target that all classes share evenly", config::in_range(0, config::below(1)));
  }
};

class Classification : public Task {
 public:
  // Throws UsageError when the data has no classes of images.
  Classification(const ClassificationConfig& config, const TaskContext& context);

  TaskSpec spec() const override;  // head: "class", one output a class
  // MAE's crops: random ones to train on, the centre's otherwise. Array: "label" [1]. Throws DataError without a label.
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;
  LossCounts counts(const Batch& batch) const override;  // "images": 1
  Question ask(Batch batch, bool training) const override;
  // Cross-entropy with smoothed labels (Szegedy et al., CVPR 2016).
  Losses losses(std::span<const Answer> answers, const Question& question) const override;
  std::vector<Prediction> predict(const AnsweredBatch& answered) const override;
  // image, with the class predicted and the right one.
  std::vector<std::vector<Image>> pictures(std::span<const Answer> answers, const Question& question) const override;
  std::vector<std::string> picture_titles() const override;

 private:
  ClassificationConfig config_;
  std::vector<Vocabulary::Class> classes_;
  int64_t size_px_;
  Viewer viewer_;
};

}  // namespace glid
