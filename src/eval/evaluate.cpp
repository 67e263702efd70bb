#include "glid/eval/evaluate.h"

#include <ATen/ATen.h>

#include <cstring>
#include <map>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/eval/answer.h"

namespace glid {
namespace {

class EvaluationMode {
 public:
  explicit EvaluationMode(Glid& model) : model_(model), was_training_(model.is_training()) { model_.eval(); }
  ~EvaluationMode() { model_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  Glid& model_;
  bool was_training_;
};

// How a rank fared, sent before its metric's bytes.
struct Share {
  int64_t num_images = 0;
  int64_t stopped = 0;
};

// Calls each(batch) for this rank's batches.
template <typename Each>
Share run_over_share(const Measured& measured, Each each) {
  Share share;
  while (true) {
    if (measured.stop()) {
      measured.loader.seek(0);
      share.stopped = 1;
      return share;
    }
    const std::vector<Batch> batches = measured.loader.next();
    if (batches.empty()) return share;
    for (const Batch& batch : batches) {
      if (batch.size() == 0) continue;
      each(batch);
      share.num_images += batch.size();
    }
  }
}

// The one point where the ranks talk. `metric` holds this rank's images and gets everybody's.
template <typename M>
bool merge_over_ranks(M& metric, const M& empty, const Share& share, Communicator& communicator) {
  std::string bytes(sizeof share, '\0');
  std::memcpy(bytes.data(), &share, sizeof share);
  const std::vector<std::string> all = communicator.all_gather_bytes(bytes + metric.to_bytes(), "the validation's metrics");
  metric = empty;
  Share whole;
  for (const std::string& of_rank : all) {
    Share part;
    std::memcpy(&part, of_rank.data(), sizeof part);
    whole.num_images += part.num_images;
    whole.stopped += part.stopped;
    metric.merge_bytes(std::string_view(of_rank).substr(sizeof part));
  }
  if (whole.stopped > 0) return false;
  if (whole.num_images == 0) throw DataError("validation", "no image could be read");
  return true;
}

// Sorts as the set does; the further views of a sample, which lie in one batch, follow it.
std::vector<std::string> keys_of(const Batch& batch) {
  std::map<int64_t, int64_t> num_views;
  std::vector<std::string> keys;
  for (const BatchImage& image : batch.images)
    keys.push_back(format("{:012} view {}", image.key.id, num_views[image.key.id]++));
  return keys;
}

std::vector<double> on_host(const at::Tensor& values) {
  const at::Tensor host = values.to(at::kCPU, at::kDouble).contiguous();
  const double* data = host.const_data_ptr<double>();
  return {data, data + host.numel()};
}

// [B, ..] -> sums of each image, in double.
std::vector<double> image_sums(const at::Tensor& values) { return on_host(values.flatten(1).sum(1)); }

void add_losses(const Measured& measured, const Batch& batch, MeanLoss& metric) {
  const Question question = measured.task.ask(batch.on(measured.device));
  const Losses losses = measured.task.losses(answer(measured.model, question, measured.precision), question);
  const std::vector<LossCount> counts = measured.task.counts(batch);
  std::vector<MeanLoss::Term> terms;
  std::vector<std::vector<LossPart>> of_image(batch.images.size());
  for (const LossTerm& term : losses.terms) {
    TORCH_CHECK(term.by_image.defined(), "the loss term ", term.name, " doesn't tell the parts of its images");
    terms.push_back({term.name, term.weight});
    const double count = count_of(term, counts) / static_cast<double>(batch.size());  // images of a batch count alike
    const std::vector<double> sums = on_host(term.by_image);
    for (size_t i = 0; i < of_image.size(); ++i) of_image[i].push_back({sums[i], count});
  }
  const std::vector<std::string> keys = keys_of(batch);
  for (size_t i = 0; i < keys.size(); ++i) metric.add(keys[i], terms, std::move(of_image[i]));
}

void add_references(const Measured& measured, const Batch& batch, BlindLosses& metric) {
  const Question question = measured.task.ask(batch.on(measured.device));
  std::vector<std::vector<BlindPrediction>> of_image(batch.images.size());
  for (const Reference& reference : measured.task.references(question)) {
    const at::Tensor p = reference.prediction.to(at::kDouble), t = reference.target.to(at::kDouble);
    const double count = static_cast<double>(t.numel()) / static_cast<double>(batch.size());
    const std::vector<double> pt = image_sums(p * t), pp = image_sums(p.square()), tt = image_sums(t.square());
    for (size_t i = 0; i < of_image.size(); ++i) of_image[i].push_back({reference.name, pt[i], pp[i], tt[i], count});
  }
  const std::vector<std::string> keys = keys_of(batch);
  for (size_t i = 0; i < keys.size(); ++i) metric.add(keys[i], std::move(of_image[i]));
}

template <typename M, typename Add>
bool measure(const Measured& measured, M& metric, Add add) {
  const at::NoGradGuard no_grad;
  const EvaluationMode mode(measured.model);
  const M empty = metric;
  const Share share = run_over_share(measured, [&](const Batch& batch) { add(measured, batch, metric); });
  return merge_over_ranks(metric, empty, share, measured.communicator);
}

}  // namespace

bool measure_loss(const Measured& measured, MeanLoss& metric) { return measure(measured, metric, add_losses); }

bool measure_blind_losses(const Measured& measured, BlindLosses& metric) {
  return measure(measured, metric, add_references);
}

}  // namespace glid
