#include "glid/eval/evaluate.h"

#include <ATen/ATen.h>

#include <map>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/eval/answer.h"
#include "glid/nn/transfer.h"

namespace glid {
namespace {

// What the ranks agree on before every batch. A rank that is through goes on asking until all are, so that none waits long
// for another and a request to stop is heard whoever got it.
enum class Round { kBatch, kEnd, kStop };

Round agree(const Measured& measured, bool has_batch) {
  const at::Tensor votes = at::tensor({has_batch ? 1.0 : 0.0, measured.stop() ? 1.0 : 0.0}, at::kDouble);
  measured.communicator.all_reduce_sum(votes, "the validation's batches");
  if (votes[1].item<double>() > 0) return Round::kStop;
  return votes[0].item<double>() > 0 ? Round::kBatch : Round::kEnd;
}

// Calls each(batch) for this rank's batches. False when the ranks agree to stop.
template <typename Each>
bool run_over_share(const Measured& measured, Each each) {
  bool through = false;
  while (true) {
    const std::vector<Batch> batches = through ? std::vector<Batch>() : measured.loader.next();
    through = batches.empty();
    const Round round = agree(measured, !through);
    if (round == Round::kStop) measured.loader.seek(0);
    if (round != Round::kBatch) return round == Round::kEnd;
    for (const Batch& batch : batches) each(batch);
  }
}

// `metric` holds this rank's images and gets everybody's.
template <typename M>
void merge_over_ranks(M& metric, const M& empty, Communicator& communicator) {
  const std::vector<std::string> all = communicator.all_gather_bytes(metric.to_bytes(), "the validation's metrics");
  metric = empty;
  for (const std::string& of_rank : all) metric.merge_bytes(of_rank);
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
  const at::Tensor host = to_host(values).to(at::kDouble).contiguous();
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
  if (!run_over_share(measured, [&](const Batch& batch) { add(measured, batch, metric); })) return false;
  merge_over_ranks(metric, empty, measured.communicator);
  if (metric.images().size() == 0) throw DataError("validation", "no image could be read");
  return true;
}

}  // namespace

bool measure_loss(const Measured& measured, MeanLoss& metric) { return measure(measured, metric, add_losses); }

bool measure_blind_losses(const Measured& measured, BlindLosses& metric) {
  return measure(measured, metric, add_references);
}

}  // namespace glid
