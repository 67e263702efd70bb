// What differs between pre-training and every fine-tuning task, and nothing else does: the question put to the model, the
// heads that answer it, and the losses that score the answer.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <string>
#include <utility>
#include <vector>

#include "glid/data/loader.h"
#include "glid/formats/image.h"
#include "glid/model/glid.h"

namespace glid {

// A question to the model about one micro-batch, with the answer that is right.
struct Question {
  at::Tensor images;  // [B, H, W, 3] normalised
  Query query;
  at::Tensor target;
  double count = 0;  // what the losses are divided by, summed over micro-batches and ranks
};

// A number that tells how the model is doing beside its loss.
struct Diagnostic {
  std::string name;
  at::Tensor value;  // detached scalar, mean over the batch
  double floor = 0;  // after the warm-up a value below it deserves a warning
  std::string warning;
};

struct Losses {
  at::Tensor sum;  // scalar; divided by the count it is the loss
  std::vector<Diagnostic> diagnostics;
};

// A prediction without learning, [B, N, outputs] like the target; its best scale on the whole set is part of the predictor.
struct Reference {
  std::string name;
  at::Tensor prediction;
};

class Task {
 public:
  virtual ~Task() = default;
  virtual std::vector<HeadSpec> heads() const = 0;
  // Called in the decode threads: what is visible of a sample, and its windows.
  virtual SamplePlan plan(const SampleKey& key, int64_t height_px, int64_t width_px) const = 0;
  // Needs the batch on the device.
  virtual Question ask(const Batch& batch) const = 0;
  virtual Losses losses(const Answer& answer, const Question& question) const = 0;
  // What anybody could predict without learning: bars that a loss must be below.
  virtual std::vector<Reference> references(const Question& question) const = 0;
  // One row of pictures a sample, in the columns of picture_titles().
  virtual std::vector<std::vector<Image>> pictures(const Answer& answer, const Question& question) const = 0;
  virtual std::vector<std::string> picture_titles() const = 0;
};

}  // namespace glid
