#include "glid/train/validation.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "glid/core/log.h"
#include "glid/eval/answer.h"
#include "glid/eval/evaluate.h"
#include "glid/viz/image_grid.h"

namespace glid {
namespace {

constexpr int64_t kNumPictures = 8;

}  // namespace

Validation::Validation(Session& session)
    : session_(session), images_(make_dataset(session.config.data, session.config.eval.split)) {
  const ValidationPlan::Share share{session.config.eval.fraction,
                                    batch_layout(session.config, session.communicator).micro_batch_size(),
                                    session.communicator.rank(), session.communicator.size()};
  loader_ = loader(share, session.config.data.workers);
}

std::unique_ptr<Loader> Validation::loader(const ValidationPlan::Share& share, int64_t workers) const {
  auto plan = std::make_shared<ValidationPlan>(images_->size(), session_.config.seed, share);
  LoaderOptions options = session_.loader_options();
  options.workers = workers;
  return std::make_unique<Loader>(images_, plan, options, session_.prepare(/*training=*/false));
}

NamedLosses Validation::references() {
  const NamedLosses losses = reference_losses(*session_.task, *loader_, session_.device, session_.communicator);
  for (const auto& [name, loss] : losses) log_info("validation loss without learning, {}: {:.4f}", name, loss);
  return losses;
}

double Validation::mean_loss() {
  return glid::mean_loss(*session_.model, *session_.task, *loader_, session_.config.train.precision, session_.communicator);
}

NamedLosses Validation::measure() {
  NamedLosses losses{{"val_loss", mean_loss()}};
  if (session_.ema) {
    session_.ema->swap();
    losses.emplace_back("val_loss_ema", mean_loss());
    session_.ema->swap();
  }
  return losses;
}

bool Validation::is_best(const NamedLosses& losses, int64_t step) {
  const double loss = losses[0].second;
  const bool lower = std::isnan(best_.value) || loss < best_.value;
  if (lower) best_ = {loss, step};
  log_info("step {} validation loss {:.4f} (best {:.4f} at step {})", step, loss, best_.value, best_.step);
  return lower;
}

const Batch& Validation::picture_batch() {
  if (!picture_batch_) {
    const double fraction = std::min(1.0, static_cast<double>(kNumPictures) / static_cast<double>(images_->size()));
    picture_batch_ = loader({fraction, kNumPictures, 0, 1}, /*workers=*/0)->next().at(0);
  }
  return *picture_batch_;
}

Image Validation::picture() {
  const at::NoGradGuard no_grad;
  const Question question = session_.task->ask(picture_batch().on(session_.device));
  session_.model->eval();
  const std::vector<Answer> answers = answer(*session_.model, question, session_.config.train.precision);
  session_.model->train();
  return grid(session_.task->pictures(answers, question), session_.task->picture_titles(), 4);
}

}  // namespace glid
