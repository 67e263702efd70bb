// What differs between pre-training and every fine-tuning task, and nothing else does: the question put to the model, the
// heads that answer it, and the losses that score the answer.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "glid/data/batch.h"
#include "glid/data/dataset.h"
#include "glid/data/prediction.h"
#include "glid/formats/image.h"
#include "glid/model/glid.h"
#include "glid/tasks/tta.h"

namespace glid {

// A question to the model about one micro-batch, with the answer that is right.
struct Question {
  Batch batch;       // that it is about: tensors on the device, what is known of the pictures on the host
  at::Tensor units;  // [units, U, U, 3] normalised, 0 beyond the pictures
  View view;
  std::vector<Query> queries;
  std::map<std::string, at::Tensor> targets;  // by the task's own names
  std::vector<Question> parts;                // of several tasks at once: what each asks about its share of the batch
};

// What losses are divided by: how many things the targets of each picture of a batch have, by name. Sums over micro-batches
// and ranks are known before the first forward.
using LossCounts = std::map<std::string, std::vector<double>>;

// Over all pictures.
std::map<std::string, double> sums_of(const LossCounts& counts);

inline constexpr int64_t kBeforeLayers = -1;

// One term of the loss, fp32: weight_of(term) * sum / max(count, 1). Supervised layers have terms of their own and share
// counts.
struct LossTerm {
  std::string name;
  at::Tensor sum;  // scalar
  double weight = 1;
  std::string count;
  int64_t layer = 0;  // the decoder layer that answered, from 1; 0: the last; kBeforeLayers: the queries as they start
  // Detached: the part of the sum of each picture of the batch, 0 of those that the term isn't about. Validation needs it.
  at::Tensor by_image;
  std::string share = {};  // a count as well: the term weighs as much as that is of kPictures; none: all of its weight
};

inline constexpr const char* kPictures = "pictures";

// The count that a term names, as the task or the ranks count it; our own mistake (TORCH_CHECK) if the task doesn't.
template <class Count>
const Count& count_of(const LossTerm& term, const std::string& name, const std::map<std::string, Count>& counts) {
  const auto found = counts.find(name);
  TORCH_CHECK(found != counts.end(), "the loss term ", term.name, " needs an unknown count, ", name);
  return found->second;
}

// The weight of a term by counts over all pictures.
double weight_of(const LossTerm& term, const std::map<std::string, double>& counts);

// A number that tells how the model is doing beside its loss.
struct Diagnostic {
  std::string name;
  at::Tensor value;  // detached scalar, mean over so many pictures of the batch; finite without any
  int64_t pictures = 0;
  double floor = 0;  // after the warm-up a value below it deserves a warning
  std::string warning;
};

// The terms and diagnostics of a task are the same in every micro-batch of a training (of a validation), in number, order
// and weight.
struct Losses {
  std::vector<LossTerm> terms;
  std::vector<Diagnostic> diagnostics;
};

// A prediction without learning, of the target's shape; its best scale on the whole set is part of the predictor.
struct Reference {
  std::string name;
  at::Tensor prediction, target;    // [B, ..]
  std::vector<double> counts = {};  // numbers of each picture, where others fill it up with zeros; empty: all are of it
  bool absolute = false;            // scored by its absolute error, as it is, and not by its squared one at the best scale
};

// What a task is made for.
struct TaskContext {
  ModelShape model;
  int64_t image_size_px = 0;
  Vocabulary vocabulary;  // of the training data
  Tta tta = Tta::kNone;   // what prepare() gives of a sample that isn't trained on
  // The tasks whose metrics are measured, where a task's answers can be read as another's; none: its own.
  std::vector<std::string> measured = {};
};

// A micro-batch that a model has answered.
struct AnsweredBatch {
  const Batch& batch;  // all of it on the host
  const Question& question;
  std::span<const Answer> answers;  // one a query, in fp32
};

class Task {
 public:
  virtual ~Task() = default;
  virtual TaskSpec spec() const = 0;
  // Which samples to train on, by what is known about them; empty: all.
  virtual std::function<bool(const Targets&)> filter() const { return {}; }
  // In the decode threads: the pictures of a sample, at least one, with all geometry drawn once from the key, what is seen
  // of each, and what losses compare with. `truth` is for metrics: it may be missing in training.
  virtual std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                             bool training) const = 0;
  // What the losses of a micro-batch are divided by: the same names for every batch.
  virtual LossCounts counts(const Batch& batch) const = 0;
  // Takes the batch on the device. More may be asked in training than is needed for an answer.
  virtual Question ask(Batch batch, bool training) const = 0;
  // One answer a query. Runs outside autocast, in fp32. An answer without images gives sums of 0 with defined gradients.
  virtual Losses losses(std::span<const Answer> answers, const Question& question) const = 0;
  // What the answers say, one prediction a sample in the batch's order: the views of a sample, pictures side by side of the
  // same key.id, make one together. A task that predicts nothing gives none.
  virtual std::vector<Prediction> predict(const AnsweredBatch& /*answered*/) const { return {}; }
  // What anybody could predict without learning, bars that a loss must be below; most tasks have none.
  virtual bool has_references() const { return false; }
  virtual std::vector<Reference> references(const Question& /*question*/) const { return {}; }
  // One row of pictures a sample, in the columns of picture_titles(); both may be empty.
  virtual std::vector<std::vector<Image>> pictures(std::span<const Answer> answers, const Question& question) const = 0;
  virtual std::vector<std::string> picture_titles() const = 0;
};

}  // namespace glid
