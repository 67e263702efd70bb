#include "glid/train/validation.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "evaluated_classes.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/pace.h"
#include "glid/dist/together.h"
#include "glid/eval/answer.h"
#include "glid/train/stop_signal.h"
#include "glid/viz/image_grid.h"
#include "sees_persons.h"

namespace glid {
namespace {

constexpr int64_t kNumPictures = 8;

MetricValues renamed(MetricValues values, const std::string& suffix) {
  for (MetricValue& value : values) value.name += suffix;
  return values;
}

const MetricValue& value_of(const MetricValues& values, const std::string& name) {
  const auto found = std::find_if(values.begin(), values.end(), [&](const MetricValue& v) { return v.name == name; });
  if (found != values.end()) return *found;
  std::string names;
  for (const MetricValue& v : values) names += (names.empty() ? "" : ", ") + v.name;
  throw UsageError("eval.best", "is no value of this validation", name,
                   "its values are " + names + " (val_NAME in metrics.jsonl)");
}

bool is_number(const MetricValue& value) { return value.value && !std::isnan(*value.value); }

std::string number_text(const MetricValue& value) {
  return is_number(value) ? format("{:.4f}", *value.value) : "n/a (nothing to measure)";
}

bool is_better(const MetricValue& value, double than) {
  if (!is_number(value)) return false;
  if (std::isnan(than)) return true;
  return value.better == Better::kLower ? *value.value < than : *value.value > than;
}

// A long validation is seen to go on.
struct ShownPace {
  ShownPace(int64_t num_samples, const char* one) : pace("validation", num_samples, one) {}
  ShownPace(const ShownPace&) = delete;
  ShownPace& operator=(const ShownPace&) = delete;
  ~ShownPace() { log_status(""); }

  Pace pace;
};

}  // namespace

Validation::Validation(Session& session) : session_(session), images_(session.config.dataset(session.config.eval.split)) {
  require_known_classes(session.config.task, session.config.eval.metric, session.data->vocabulary(), images_->vocabulary(),
                        /*may_differ=*/false);
  Scores scores = empty_scores();
  const std::vector<Metric*> metrics = scores.metrics();
  best_.name = session.config.eval.best.value_or(metrics[metrics.size() > 1 ? 1 : 0]->best());
  MetricValues known = scores.values();
  if (session.ema) std::ranges::copy(renamed(known, "_ema"), std::back_inserter(known));
  value_of(known, best_.name);
  const ValidationPlan::Share share{session.config.eval.fraction,
                                    batch_layout(session.config, session.communicator).micro_batch_size(),
                                    session.communicator.rank(), session.communicator.size()};
  loader_ = loader(share, session.loader_options());
}

std::unique_ptr<Loader> Validation::loader(const ValidationPlan::Share& share, LoaderOptions options) const {
  auto plan = std::make_shared<ValidationPlan>(images_->size(), session_.config.seed, share);
  return std::make_unique<Loader>(images_, plan, options, session_.prepare(/*training=*/false));
}

Measured Validation::measured() {
  Measured measured{*session_.model,       *session_.task,  *loader_,
                    session_.communicator, session_.device, session_.config.train.precision,
                    &glid::stop_requested};
  if (!session_.communicator.is_main()) return measured;
  const ValidationPlan of_all(images_->size(), session_.config.seed, {.fraction = session_.config.eval.fraction});
  const int64_t total = of_all.num_samples();
  measured.progress = [shown = std::make_shared<ShownPace>(total, sample_name(session_.config.task))](int64_t done) {
    shown->pace.show(done);
  };
  return measured;
}

std::optional<MetricValues> Validation::references() {
  BlindLosses metric;
  if (!measure_blind_losses(measured(), metric)) return std::nullopt;
  MetricValues values = metric.values();
  for (const MetricValue& v : values) log_info("validation loss without learning, {}: {:.4f}", v.name, *v.value);
  return values;
}

// Files that only one rank can't read must not become two predictors.
void Validation::learn_blind_predictor() {
  Communicator& ranks = session_.communicator;
  std::string learned;
  work_together(
      ranks,
      [&] {
        if (ranks.is_main()) learned = BlindPredictor::learn(*session_.data, session_.config.seed).to_text();
      },
      "learning the blind predictor");
  blind_ = BlindPredictor::of_text(ranks.all_gather_bytes(learned, "the blind predictor").at(0));
}

std::optional<MetricValues> Validation::blind_values() {
  Scores scores = empty_scores();
  scores.loss.reset();
  if (scores.measures.empty()) return MetricValues{};
  learn_blind_predictor();
  if (!evaluate_blind(measured(), *blind_, scores)) return std::nullopt;
  MetricValues values = scores.values();
  const bool has_best = std::ranges::any_of(values, [&](const MetricValue& v) { return v.name == best_.name; });
  const MetricValue& first = value_of(values, has_best ? best_.name : scores.measures[0]->metric().best());
  log_info("validation without looking at the images: {} {}", first.name, number_text(first));
  return values;
}

Scores Validation::empty_scores() const {
  Scores scores{.loss = MeanLoss{}, .measures = make_measures(session_.config.eval.metric, images_->vocabulary())};
  return scores;
}

std::optional<MetricValues> Validation::values(const std::string& suffix) {
  Scores scores = empty_scores();
  if (!evaluate(measured(), scores)) return std::nullopt;
  return renamed(scores.values(), suffix);
}

std::optional<MetricValues> Validation::measure() {
  std::optional<MetricValues> values = this->values("");
  if (!values || !session_.ema) return values;
  session_.ema->swap();
  const std::optional<MetricValues> of_average = this->values("_ema");
  session_.ema->swap();
  if (!of_average) return std::nullopt;
  values->insert(values->end(), of_average->begin(), of_average->end());
  return values;
}

bool Validation::is_best(const MetricValues& values, int64_t step) {
  const MetricValue& value = value_of(values, best_.name);
  const bool better = is_better(value, best_.value);
  if (better) best_ = {best_.name, *value.value, step};
  const std::string best = best_.step >= 0 ? format("best {:.4f} at step {}", best_.value, best_.step) : "none is best yet";
  log_info("step {} validation {} {} ({})", step, value.name, number_text(value), best);
  if (!is_number(value))
    log_warning("eval.best: {} has nothing to measure in the validation data: no checkpoint is kept as the best",
                value.name);
  return better;
}

// Bad files among these few are no reason to stop: the validation itself counts its own.
const std::optional<Batch>& Validation::picture_batch() {
  if (looked_for_pictures_) return picture_batch_;
  looked_for_pictures_ = true;
  LoaderOptions options = session_.loader_options();
  options.workers = 0;
  options.max_bad_files = kNumPictures;
  const double fraction = std::min(1.0, static_cast<double>(kNumPictures) / static_cast<double>(images_->size()));
  const std::vector<Batch> batches = loader({fraction, kNumPictures, 0, 1}, options)->next();
  if (batches.empty()) log_warning("pictures: none of their images can be read: the run goes on without");
  else picture_batch_ = batches[0];
  return picture_batch_;
}

std::optional<Image> Validation::picture() {
  if (!picture_batch()) return std::nullopt;
  const at::NoGradGuard no_grad;
  const Question question = session_.task->ask(picture_batch_->on(session_.device), /*training=*/false);
  const EvaluationMode mode(*session_.model);
  const std::vector<Answer> answers = answer(*session_.model, question, session_.config.train.precision);
  return grid(session_.task->pictures(answers, question), session_.task->picture_titles(), 4);
}

}  // namespace glid
