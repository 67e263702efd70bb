#include "run_files.h"

#include <filesystem>
#include <stdexcept>
#include <utility>

#include "glid/config/write.h"
#include "glid/core/files.h"
#include "glid/core/leftovers.h"
#include "glid/core/log.h"

namespace glid {
namespace {

// A picture is not worth a run: a disk that refuses everything refuses its checkpoint.
template <class Draw>
void draw_if_it_can(const Draw& draw) {
  try {
    draw();
  } catch (const std::runtime_error& error) {  // of ours or the file system's
    log_warning("{}; the run goes on without this picture", error.what());
  }
}

}  // namespace

void RunFiles::open(int64_t completed_steps, int64_t best_step, const std::vector<std::string>& head) {
  if (!is_main_) return;
  const std::filesystem::path out = config_.out;
  std::filesystem::create_directories(out);
  remove_leftovers_in(out);  // nobody else writes there: the run has its lock
  remove_leftovers_in(out / "pictures");
  add_log_file(out / "log.txt", head);
  write_file(out / "config.yaml", config::write(config_));
  log_.emplace(out, completed_steps);
  writer_.emplace(out,
                  CheckpointPolicy{.keep = config_.checkpoint.keep, .milestone_steps = config_.checkpoint.milestone_steps});
  writer_->mark_best(best_step);
  writer_->pass_over_later_than(completed_steps);
}

void RunFiles::training(const StepMetrics& metrics) {
  if (!log_) return;
  writer_->check();  // what can't be saved is not trained on
  log_->training(metrics);
}

void RunFiles::references(const std::vector<MetricValue>& losses) {
  if (log_) log_->references(losses);
}

void RunFiles::blind(const std::vector<MetricValue>& values) {
  if (log_) log_->blind(values);
}

void RunFiles::validation(int64_t step, const std::vector<MetricValue>& values, const RunState::Best& best) {
  if (!log_) return;
  writer_->mark_best(best.step);
  log_->validation(step, values);
  draw_if_it_can([&] { log_->draw_curves(best.name); });
}

void RunFiles::picture(int64_t step, const Image& image) {
  if (log_) draw_if_it_can([&] { log_->picture(step, image); });
}

void RunFiles::checkpoint(int64_t step, TensorFiles tensors, Json state) {
  if (writer_) writer_->write({step, std::move(tensors), std::move(state), config::write(config_)});
}

void RunFiles::finish() {
  if (writer_) writer_->wait();
}

}  // namespace glid
