#include "glid/eval/evaluate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <set>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/eval/answer.h"
#include "glid/nn/transfer.h"

namespace glid {
namespace {

// What the ranks agree on before every batch. A rank that is through goes on asking until all are, so that none waits long
// for another and a request to stop is heard whoever got it.
struct Round {
  int64_t num_samples = 0;  // of all ranks' batches; 0: all are through
  bool stop = false;
};

// Views of a sample may lie apart, in groups.
size_t num_samples_of(const Batch& batch) {
  std::set<int64_t> ids;
  for (const BatchImage& image : batch.images) ids.insert(image.key.id);
  return ids.size();
}

Round agree(const Measured& measured, const std::vector<Batch>& batches) {
  double samples = 0;
  for (const Batch& batch : batches) samples += static_cast<double>(num_samples_of(batch));
  const at::Tensor votes = at::tensor({samples, measured.stop() ? 1.0 : 0.0}, at::kDouble);
  measured.communicator.all_reduce_sum(votes, "the validation's batches");
  return {static_cast<int64_t>(votes[0].item<double>()), votes[1].item<double>() > 0};
}

// Calls each(batch) for this rank's batches. False when the ranks agree to stop.
template <typename Each>
bool run_over_share(const Measured& measured, Each each) {
  int64_t num_samples = 0;
  bool through = false;
  while (true) {
    const std::vector<Batch> batches = through ? std::vector<Batch>() : measured.loader.next();
    through = batches.empty();
    const Round round = agree(measured, batches);
    if (round.stop) {
      measured.loader.seek(0);
      return false;
    }
    if (round.num_samples == 0) break;
    num_samples += round.num_samples;
    for (const Batch& batch : batches) each(batch);
    measured.progress(num_samples);
  }
  if (num_samples == 0) throw DataError("validation", "no image could be read");
  return true;
}

// `metric` holds this rank's images and gets everybody's.
void merge_over_ranks(Metric& metric, Communicator& communicator) {
  const std::vector<std::string> all = communicator.all_gather_bytes(metric.to_bytes(), "the validation's metrics");
  for (int rank = 0; rank < std::ssize(all); ++rank)
    if (rank != communicator.rank()) metric.merge_bytes(all[static_cast<size_t>(rank)]);
}

// Sort as the set does; the further views of a sample, which lie in one batch, follow it.
std::vector<std::string> names_of(const Batch& batch) {
  std::map<int64_t, int64_t> num_views;
  std::vector<std::string> names;
  for (const BatchImage& image : batch.images)
    names.push_back(format("{:012} view {}", image.key.id, num_views[image.key.id]++));
  return names;
}

// [B, ..] -> sums of each image, in double.
std::vector<double> image_sums(const at::Tensor& values) { return to_doubles(values.flatten(1).sum(1)); }

// Of each image. An absolute error has no best scale: it stands in the place of the error of a prediction of 0.
std::vector<BlindPrediction> blind_predictions(const Reference& reference) {
  const at::Tensor p = reference.prediction.to(at::kDouble), t = reference.target.to(at::kDouble);
  const auto num_images = static_cast<size_t>(t.size(0));
  std::vector<double> pt(num_images), pp(num_images), tt, counts = reference.counts;
  if (reference.absolute) {
    tt = image_sums((p - t).abs());
  } else {
    pt = image_sums(p * t), pp = image_sums(p.square()), tt = image_sums(t.square());
  }
  if (counts.empty()) counts.assign(num_images, static_cast<double>(t[0].numel()));
  std::vector<BlindPrediction> of_image;
  for (size_t i = 0; i < num_images; ++i) of_image.push_back({reference.name, pt[i], pp[i], tt[i], counts[i]});
  return of_image;
}

void add_references(const Measured& measured, const Batch& batch, BlindLosses& metric) {
  const Question question = measured.task.ask(batch.on(measured.device), /*training=*/false);
  std::vector<std::vector<BlindPrediction>> of_image(batch.images.size());
  for (const Reference& reference : measured.task.references(question)) {
    const std::vector<BlindPrediction> predictions = blind_predictions(reference);
    for (size_t i = 0; i < of_image.size(); ++i) of_image[i].push_back(predictions.at(i));
  }
  const std::vector<std::string> names = names_of(batch);
  for (size_t i = 0; i < names.size(); ++i) metric.add(names[i], std::move(of_image[i]));
}

void add_losses(const Task& task, const AnsweredBatch& answered, MeanLoss& metric) {
  const Losses losses = task.losses(answered.answers, answered.question);
  const LossCounts counts = task.counts(answered.batch);
  const std::vector<std::string> names = names_of(answered.batch);
  std::vector<MeanLoss::Term> terms;
  std::vector<std::vector<LossPart>> of_image(names.size());
  for (const LossTerm& term : losses.terms) {
    TORCH_CHECK(term.by_image.defined(), "the loss term ", term.name, " doesn't tell the parts of its images");
    terms.push_back({term.name, weight_of(term, sums_of(counts))});
    const std::vector<double> sums = to_doubles(term.by_image), &count = count_of(term, term.count, counts);
    for (size_t i = 0; i < of_image.size(); ++i) of_image[i].push_back({sums.at(i), count.at(i)});
  }
  for (size_t i = 0; i < of_image.size(); ++i) metric.add(names[i], terms, std::move(of_image[i]));
}

void add_predictions(const Task& task, const AnsweredBatch& answered, const Scores& scores, const OnPrediction& each) {
  const std::vector<Prediction> predictions = task.predict(answered);
  const std::vector<ImageRange> samples = answered.batch.samples();
  TORCH_CHECK(predictions.size() == samples.size(), "a task predicts ", predictions.size(), " of ", samples.size(),
              " samples");
  for (size_t i = 0; i < samples.size(); ++i) {
    const BatchImage& image = answered.batch.images[static_cast<size_t>(samples[i].first)];
    const PredictedSample sample{image.key.id, image.name, predictions[i], *image.truth};
    for (const auto& measure : scores.measures) measure->add(sample);
    if (each) each(sample);
  }
}

}  // namespace

std::vector<Metric*> Scores::metrics() {
  std::vector<Metric*> metrics;
  if (loss) metrics.push_back(&*loss);
  for (const auto& measure : measures) metrics.push_back(&measure->metric());
  return metrics;
}

std::vector<MetricValue> Scores::values() {
  std::vector<MetricValue> values;
  for (const Metric* metric : metrics()) std::ranges::copy(metric->values(), std::back_inserter(values));
  return values;
}

bool evaluate(const Measured& measured, Scores& scores, const OnPrediction& each) {
  const at::NoGradGuard no_grad;
  const EvaluationMode mode(measured.model);
  const bool through = run_over_share(measured, [&](const Batch& batch) {
    const Question question = measured.task.ask(batch.on(measured.device), /*training=*/false);
    const std::vector<Answer> answers = answer(measured.model, question, measured.precision);
    const AnsweredBatch answered{batch, question, answers};
    if (scores.loss) add_losses(measured.task, answered, *scores.loss);
    if (!scores.measures.empty() || each) add_predictions(measured.task, answered, scores, each);
  });
  if (!through) return false;
  for (Metric* metric : scores.metrics()) merge_over_ranks(*metric, measured.communicator);
  return true;
}

bool evaluate_blind(const Measured& measured, const BlindPredictor& predictor, Scores& scores) {
  const bool through = run_over_share(measured, [&](const Batch& batch) {
    for (const ImageRange& views : batch.samples()) {
      const BatchImage& image = batch.images[static_cast<size_t>(views.first)];
      const Placement& placement = image.placement;
      const Prediction prediction =
          predictor.predict(placement.original_height(), placement.original_width(), image.truth->person);
      for (const auto& measure : scores.measures) measure->add({image.key.id, image.name, prediction, *image.truth});
    }
  });
  if (!through) return false;
  for (Metric* metric : scores.metrics()) merge_over_ranks(*metric, measured.communicator);
  return true;
}

bool measure_blind_losses(const Measured& measured, BlindLosses& metric) {
  if (!measured.task.has_references()) return true;
  const at::NoGradGuard no_grad;
  if (!run_over_share(measured, [&](const Batch& batch) { add_references(measured, batch, metric); })) return false;
  merge_over_ranks(metric, measured.communicator);
  return true;
}

}  // namespace glid
