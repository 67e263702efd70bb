// Object detection (paper sections 3.2 and 4, "following H-DETR"): every query is a box or nothing, matched one to one with
// the objects; in training more queries are matched one to many beside them (hybrid matching; Jia et al., CVPR 2023).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glid/config/fields.h"
#include "glid/data/augment.h"
#include "glid/metrics/metric_settings.h"
#include "glid/tasks/matching.h"
#include "glid/tasks/query_config.h"
#include "glid/tasks/task.h"
#include "glid/tasks/viewer.h"

namespace glid {

enum class ClassLoss { kFocal, kSoftmax };
constexpr auto enum_names(ClassLoss) {
  return std::to_array<config::Named<ClassLoss>>(
      {{ClassLoss::kFocal, "focal", "sigmoids, focal loss over the boxes (H-DETR)"},
       {ClassLoss::kSoftmax, "softmax", "softmax with a class for no object, which weighs 0.1 (DETR)"}});
}

enum class BoxReference { kNone, kLearned };
constexpr auto enum_names(BoxReference) {
  return std::to_array<config::Named<BoxReference>>(
      {{BoxReference::kNone, "none", "plain linear boxes (the paper)"},
       {BoxReference::kLearned, "learned", "a learned place of each query, which starts on a grid, is added"}});
}

// What the parts of the matching cost or of the loss weigh.
struct BoxWeights {
  std::optional<double> of_class;
  double l1 = 5, giou = 2;

  template <class V>
  void fields(V& v) {
    v("class", of_class, "null: 2 with focal, 1 with softmax, as in their sources", config::non_negative());
    v("l1", l1, "sum over cx, cy, w, h", config::non_negative());
    v("giou", giou, "1 - generalised IoU", config::non_negative());
  }
};

struct OneToMany {
  int64_t queries = 1500;
  int64_t repeats = 6;
  double weight = 1;

  template <class V>
  void fields(V& v) {
    v("queries", queries, "more queries, in training only; 0: no hybrid matching", config::non_negative());
    v("repeats", repeats, "of them that each object is given", config::positive());
    v("weight", weight, "of their losses", config::non_negative());
  }
};

struct DetectionConfig {
  static constexpr std::string_view kName = "detection";
  static constexpr auto kMetrics = std::to_array<std::string_view>({BoxSettings::kName});
  int64_t queries = 300;
  OneToMany one_to_many;
  ClassLoss class_loss = ClassLoss::kFocal;
  BoxReference box_reference = BoxReference::kNone;
  QueryConfig query;
  bool auxiliary = true;
  BoxWeights cost, weight;
  int64_t max_detections = 100;
  ScaledOrCropped pictures;

  template <class V>
  void fields(V& v) {
    v("queries", queries, "matched one to one; they alone answer at evaluation", config::positive());
    v("one_to_many", one_to_many, "");
    v("class_loss", class_loss, "of the classes");
    v("box_reference", box_reference, "what a box's centre is relative to");
    query.fields(v);
    v("auxiliary", auxiliary, "every decoder layer has the losses, not only the last");
    v("cost", cost, "");
    v("weight", weight, "");
    v("max_detections", max_detections, "of an image, the best of all queries and classes", config::positive());
    pictures.fields(v);
  }
  void check(config::Problems& problems) const { pictures.check(problems); }
};

class ObjectDetection : public Task {
 public:
  // Throws UsageError when the data has no boxes.
  ObjectDetection(const DetectionConfig& config, const TaskContext& context);

  TaskSpec spec() const override;  // heads: "class" K (softmax: K + 1), "box" 4 logits of (cx, cy, w, h)
  // Arrays: "boxes" [n, 4] (cx, cy, w, h) as fractions of the picture, "labels" [n]; without crowds and boxes of no area.
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;
  // "boxes": objects; with softmax "queries": the weights of the queries' classes. The same of one-to-many with "many_".
  LossCounts counts(const Batch& batch) const override;
  Question ask(Batch batch, bool training) const override;
  Losses losses(std::span<const Answer> answers, const Question& question) const override;
  // The best of all queries and classes, equal scores by lower index; boxes clipped to the original.
  std::vector<Prediction> predict(const AnsweredBatch& answered) const override;
  // Prediction and truth.
  std::vector<std::vector<Image>> pictures(std::span<const Answer> answers, const Question& question) const override;
  std::vector<std::string> picture_titles() const override;

 private:
  struct Outputs {
    at::Tensor logits;  // [L, B, Q, K], with no object K + 1
    at::Tensor boxes;   // [L, B, Q, 4]
    Outputs of(const QueryGroup& group) const;
  };
  struct Objects {
    at::Tensor boxes;                 // [sum n, 4]
    at::Tensor labels;                // [sum n] int64
    std::span<const int64_t> number;  // n of each picture
  };
  static Outputs outputs(const Answer& answer);
  static Objects objects(const Question& question, at::ScalarType type);
  std::vector<QueryGroup> groups(bool training) const;
  at::Tensor costs(const Outputs& outputs, const Objects& objects) const;  // [L, B, Q, N]
  struct Matched {
    const QueryGroup& group;
    const MatchedPairs& pairs;
    std::string prefix;  // of the names of terms and counts
    double weight;
  };
  void add_terms(Losses& losses, const Outputs& all, const Objects& objects, const Matched& matched) const;
  // The best max_detections of one picture, in its pixels: the last layer's logits [Q, K] and boxes [Q, 4] on the host.
  std::vector<Detection> best(const at::Tensor& logits, const at::Tensor& boxes, const Placement& placement) const;

  DetectionConfig config_;
  Vocabulary vocabulary_;
  std::vector<int64_t> supervised_layers_;
  int64_t size_px_;
  Viewer viewer_;
};

}  // namespace glid
