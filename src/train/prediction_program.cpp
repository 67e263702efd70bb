#include "glid/train/prediction_program.h"

#include <ATen/ATen.h>

#include <limits>
#include <utility>

#include "glid/config/value.h"
#include "glid/core/environment.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/pace.h"
#include "glid/core/temporaries.h"
#include "glid/core/utf8.h"
#include "glid/eval/answer.h"
#include "glid/train/device.h"
#include "glid/train/session.h"
#include "glid/train/threads.h"
#include "prediction_output.h"
#include "trained_model.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

enum class PredictionFormat { kJson, kOfficial };
constexpr auto enum_names(PredictionFormat) {
  return std::to_array<config::Named<PredictionFormat>>(
      {{PredictionFormat::kJson, "json"}, {PredictionFormat::kOfficial, "official"}});
}

PredictionFormat usable_format(const PredictArguments& arguments, const RunConfig& config) {
  const auto format = config::parse_name<PredictionFormat>("--format", arguments.format);
  if (format == PredictionFormat::kOfficial && !has_result_files(config.eval.metric))
    throw UsageError("--format", "official is for metrics with result files",
                     std::string(config::name_of(config.eval.metric)), "--set eval.metric=NAME chooses one");
  if (format != PredictionFormat::kOfficial && arguments.depth_png)
    throw UsageError("--depth-png", "is about the official format", arguments.format, "give --format official");
  return format;
}

// What is asked, and on what.
struct Predicting {
  const RunConfig& config;
  const ChosenCheckpoint& chosen;
  std::shared_ptr<const ImageList> images;
  std::unique_ptr<Task> task;
  std::shared_ptr<Glid> model;
  c10::Device device;
};

Json head_of(const Predicting& predicting) {
  Json head = Json::object();
  head.set("format", 1).set("program", "glid_predict " + version_text());
  head.set("checkpoint", to_utf8(predicting.chosen.checkpoint.folder.string()));
  head.set("weights", config::name_of(predicting.config.eval.weights));
  head.set("tta", config::name_of(predicting.config.eval.tta)).set("task", config::name_of(predicting.config.task));
  return head.set("vocabulary", write_state(predicting.chosen.state).at("vocabulary"));
}

Prepare prepare_and_keep(const Task& task, Originals& originals, bool keep) {
  return [prepare = prepare_by(task, /*training=*/false), &originals, keep](const Sample& sample, const SampleKey& key,
                                                                            const BatchPosition& position) {
    std::vector<PreparedImage> views = prepare(sample, key, position);
    if (keep) originals.put(image_of_sample(sample.id, sample.targets), sample.image);
    return views;
  };
}

// In glid_eval's batches. How many images can't be read doesn't matter, as long as one can.
void predict_all(const Predicting& predicting, const PredictArguments& arguments, Originals& originals,
                 PredictionOutput& output) {
  const auto& [config, chosen, images, task, model, device] = predicting;
  const ValidationPlan::Share share{.batch_size = batch_size(arguments.batch, config, chosen.state)};
  LoaderOptions options = loader_options(config, device);
  options.max_bad_files = std::numeric_limits<int64_t>::max();
  Loader loader(images, std::make_shared<ValidationPlan>(images->size(), config.seed, share), options,
                prepare_and_keep(*task, originals, arguments.pictures));
  const at::NoGradGuard no_grad;
  const EvaluationMode mode(*model);
  Pace pace("predictions", images->size());
  for (std::vector<Batch> batches = loader.next(); !batches.empty(); batches = loader.next())
    for (const Batch& batch : batches) {
      const Question question = task->ask(batch.on(device), /*training=*/false);
      const std::vector<Answer> answers = answer(*model, question, config.train.precision);
      output.add({batch, question, answers});
      pace.show(batch.images.back().key.id + 1);  // with those that were left out
    }
  output.finish();
  pace.end(output.num_images());
}

void write_predictions(const Predicting& predicting, const PredictArguments& arguments, PredictionFormat format) {
  const fs::path out = (fs::absolute(arguments.out) / "").lexically_normal().parent_path();  // without a slash at the end
  FoldersAbove above(out);
  AtomicFolder folder(out);
  const bool is_official = format == PredictionFormat::kOfficial;
  std::vector<std::unique_ptr<ResultFiles>> official;
  if (is_official)
    official = make_result_files(predicting.config.eval.metric, *predicting.images, folder.path(),
                                 {.depth_png = arguments.depth_png, .truth = false});
  PredictionSettings settings{.folder = folder.path(),
                              .pictures = arguments.pictures,
                              .score = arguments.score,
                              .threads = predicting.config.data.workers};
  if (!is_official) settings.head = head_of(predicting);
  Originals originals;
  PredictionOutput output(settings, *predicting.task, *predicting.images, originals, std::move(official));
  predict_all(predicting, arguments, originals, output);
  const int64_t num_images = output.num_images(), total = predicting.images->size();
  if (num_images == 0) throw DataError(arguments.input.string(), "holds no image that can be read");
  folder.commit();
  above.keep();
  if (num_images < total) log_warning("{} of {} images can't be read: they are left out", total - num_images, total);
  log_info("{} images -> {}", num_images, out.string());
}

}  // namespace

ExitCode predict_images(const PredictArguments& arguments) {
  require_folder("--out", arguments.out);
  require_new_folder("--out", arguments.out);
  const ChosenCheckpoint chosen = choose_checkpoint(arguments.checkpoint, arguments.which);
  const RunConfig config =
      config_of_checkpoint(chosen.checkpoint, {.file = arguments.config, .overrides = arguments.overrides});
  const PredictionFormat format = usable_format(arguments, config);
  const auto images = std::make_shared<const ImageList>(arguments.input, chosen.state.vocabulary);
  set_threads(config.train.threads, LaunchEnv{});
  const c10::Device device = choose_device(config.train.device, /*local_rank=*/0);
  log_arithmetic(config.train, device, LaunchEnv{});
  auto task = make_task(config.task, config.task_context(chosen.state.vocabulary));
  const auto model = load_model(config, chosen.checkpoint, *task, device);
  log_info("{} ({}), {}", chosen.checkpoint.folder.string(), chosen.why, config::name_of(config.task));
  try {
    write_predictions({config, chosen, images, std::move(task), model, device}, arguments, format);
  } catch (const fs::filesystem_error& error) {
    throw UsageError("--out", "can't be written", arguments.out.string(), error.code().message());
  }
  return ExitCode::kDone;
}

}  // namespace glid
