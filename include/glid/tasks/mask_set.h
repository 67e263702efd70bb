// What semantic, instance and panoptic segmentation share (paper section 3.2, Eq. 4; Mask2Former): a set of queries, each
// with a class and a mask, matched one to one with the masks of a picture. They differ in what masks there are and in how
// a prediction is read from the queries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "glid/config/fields.h"
#include "glid/data/augment.h"
#include "glid/data/dataset.h"
#include "glid/tasks/mask_features.h"
#include "glid/tasks/mask_loss.h"
#include "glid/tasks/mask_output.h"
#include "glid/tasks/mask_points.h"
#include "glid/tasks/query_config.h"
#include "glid/tasks/task.h"
#include "glid/tasks/viewer.h"

namespace glid {

struct MaskSetConfig {
  int64_t num_queries = 100;
  bool deep_supervision = true;
  bool masked_attention = false;
  DotConfig dot;
  QueryConfig queries;
  PointConfig points;
  ScaledCrop pictures;

  template <class V>
  void fields(V& v) {
    v("queries", num_queries, "each with a class and a mask", config::positive());
    v("deep_supervision", deep_supervision, "a loss after every decoder layer, not only after the last");
    v("masked_attention", masked_attention,
      "a query sees where its mask, as predicted before the layer, is foreground (Mask2Former); with deep_supervision the "
      "masks before the first layer have a loss too");
    dot.fields(v);
    queries.fields(v);
    points.fields(v);
    pictures.fields(v);
  }
  // What tasks of one model have in common.
  auto shared() const {
    return std::tuple(deep_supervision, masked_attention, queries.query_init, queries.query_init_std, pictures.keep_shape(),
                      pictures.max_size);
  }
  void check(config::Problems& problems) const { pictures.check(problems); }
};

// A mask that some query should answer with.
struct MaskTarget {
  int64_t label = 0;
  std::vector<uint8_t> mask;  // [height][width] of the picture, 0 and 1
};

class MaskSet : public Task {
 public:
  MaskSet(const MaskSetConfig& config, const TaskContext& context, int64_t num_classes);

  TaskSpec spec() const override;  // heads: "class" K + 1, "embedding" d
  // Arrays: "points" [1, D, 2], "labels" [n], "mask_points" [n, D] of the masks that have a pixel in the picture.
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;
  LossCounts counts(const Batch& batch) const override;  // "masks", and "class_weights" of all queries
  Question ask(Batch batch, bool training) const override;
  // "class" (weight 2), "mask" and "dice" (5 each) of every supervised layer.
  Losses losses(std::span<const Answer> answers, const Question& question) const override;
  std::vector<Prediction> predict(const AnsweredBatch& answered) const override;
  // As prediction_and_truth() draws them.
  std::vector<std::vector<Image>> pictures(std::span<const Answer> answers, const Question& question) const override;
  std::vector<std::string> picture_titles() const override;

 protected:
  // What of a sample's targets the task is about. Throws DataError when the sample lacks it.
  virtual Targets relevant(const Sample& sample) const = 0;
  // What metrics compare with.
  virtual Targets truth(const Sample& sample) const { return relevant(sample); }
  // The masks of those targets, placed on a picture of height x width.
  virtual std::vector<MaskTarget> masks(const Targets& placed, int64_t height, int64_t width) const = 0;
  // What the queries say, at height x width.
  virtual Prediction read(std::span<const QueryMasks> views, int64_t height, int64_t width) const = 0;

  // Adds what they say as answers to other tasks that are measured.
  virtual void read_as_others(std::span<const QueryMasks> /*views*/, Prediction& /*prediction*/) const {}

 private:
  PreparedImage view_of(const Image& image, const Targets& targets, const Placement& placement, const SampleKey& key) const;
  MaskTargets targets(const Batch& batch) const;
  // Of picture b of the batch, as the last layer answers.
  QueryMasks view(const Answer& answer, const Question& question, int64_t b) const;

  MaskSetConfig config_;
  EncoderShape shape_;
  int64_t num_layers_, width_;  // of the decoder
  int64_t size_px_;
  Tta tta_;
  Vocabulary vocabulary_;
  int64_t num_classes_;
  Viewer viewer_;
};

}  // namespace glid
