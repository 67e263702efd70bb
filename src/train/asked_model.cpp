#include "asked_model.h"

#include <ATen/ATen.h>

#include <limits>
#include <utility>

#include "glid/core/log.h"
#include "glid/core/pace.h"
#include "glid/eval/answer.h"
#include "glid/train/session.h"
#include "sees_persons.h"

namespace glid {

AskedModel load_asked_model(ChosenCheckpoint chosen, RunConfig config, const c10::Device& device) {
  auto task = make_task(config.task, config.task_context(chosen.state.vocabulary));
  auto model = load_model(config, chosen.checkpoint, *task, device);
  log_info("{} ({}), {}", chosen.checkpoint.folder.string(), chosen.why, config::name_of(config.task));
  return {std::move(chosen), std::move(config), device, std::move(task), std::move(model)};
}

void ask_about(const AskedModel& asked, std::shared_ptr<const Dataset> samples, const Prepare& prepare, int64_t batch,
               const std::string& what, const OnAnswers& each) {
  const RunConfig& config = asked.config;
  const ValidationPlan::Share share{.batch_size = batch_size(batch, config, asked.chosen.state)};
  const int64_t total = samples->size();
  LoaderOptions options = loader_options(config, asked.device);
  options.max_bad_files = std::numeric_limits<int64_t>::max();
  Loader loader(std::move(samples), std::make_shared<ValidationPlan>(total, config.seed, share), options, prepare);
  const at::NoGradGuard no_grad;
  const EvaluationMode mode(*asked.model);
  Pace pace(what, total, sample_name(config.task));
  int64_t num_read = 0;
  for (std::vector<Batch> batches = loader.next(); !batches.empty(); batches = loader.next())
    for (const Batch& read : batches) {
      const Question question = asked.task->ask(read.on(asked.device), /*training=*/false);
      const std::vector<Answer> answers = answer(*asked.model, question, config.train.precision);
      each({read, question, answers});
      num_read += std::ssize(read.samples());
      pace.show(read.images.back().key.id + 1);  // with those that were left out
    }
  pace.end(num_read);
}

}  // namespace glid
