#include "glid/train/prediction_program.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "asked_model.h"
#include "attention_output.h"
#include "glid/config/value.h"
#include "glid/core/counted.h"
#include "glid/core/environment.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/utf8.h"
#include "glid/train/device.h"
#include "glid/train/session.h"
#include "glid/train/threads.h"
#include "predicted_persons.h"
#include "prediction_output.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

enum class PredictionFormat { kJson, kOfficial };
constexpr auto enum_names(PredictionFormat) {
  return std::to_array<config::Named<PredictionFormat>>(
      {{PredictionFormat::kJson, "json"}, {PredictionFormat::kOfficial, "official"}});
}

// Of a metric without result files.
std::string hint_of_files(const TaskConfig& task) {
  return std::visit(
      []<class Config>(const Config&) -> std::string {
        if constexpr (Config::kMetrics.empty())
          return "pre-training predicts nothing: give no --format for pictures of it, or fine-tune the model for a task";
        else if constexpr (Config::kMetrics.front() == AccuracySettings::kName)
          return "classes of images have none: they are in predictions.json";
        else return format("--set eval.metric={} has some", Config::kMetrics.front());
      },
      task);
}

PredictionFormat usable_format(const PredictArguments& arguments, const RunConfig& config) {
  const auto format = config::parse_name<PredictionFormat>("--format", arguments.format);
  if (format == PredictionFormat::kOfficial && !has_result_files(config.eval.metric))
    throw UsageError("--format", "official is for metrics with result files",
                     std::string(config::name_of(config.eval.metric)), hint_of_files(config.task));
  if (format != PredictionFormat::kOfficial && arguments.depth_png)
    throw UsageError("--depth-png", "is about the official format", arguments.format, "give --format official");
  return format;
}

bool is_instance(std::string_view task) { return task == InstanceMasksConfig::kName; }

bool task_finds_objects(const auto&) { return false; }
bool task_finds_objects(const DetectionConfig&) { return true; }
bool task_finds_objects(const InstanceMasksConfig&) { return true; }
bool task_finds_objects(const PoseConfig&) { return true; }
bool task_finds_objects(const MultitaskConfig& task) { return std::ranges::any_of(task.tasks, is_instance); }

// Segments may be measured as instances too.
bool finds_objects(const RunConfig& config) {
  return std::visit([](const auto& task) { return task_finds_objects(task); }, config.task) ||
         std::ranges::any_of(parts_of(config.eval.metric), [](const MetricPart& part) { return is_instance(part.task); });
}

void require_score(const PredictArguments& arguments, const RunConfig& config) {
  if (arguments.score && !finds_objects(config))
    throw UsageError("--score", "is for models that find objects", std::string(config::name_of(config.task)));
}

void require_pictures(const PredictArguments& arguments) {
  if (arguments.pictures) return;
  const char* given = !arguments.attention.empty() ? "--attention" : arguments.score ? "--score" : nullptr;
  if (given != nullptr) throw UsageError(given, "is about pictures, and --no-pictures asks for none");
}

// People take pictures without a box for a model that does nothing.
void warn_without_objects(std::optional<double> best_score, double score) {
  if (best_score && *best_score >= score) return;
  log_warning("no object is drawn in any picture: {}",
              best_score ? format("the best detection has a score of {:.2g}, and --score is {}", *best_score, score)
                         : "nothing was found");
}

Json head_of(const AskedModel& asked) {
  Json head = Json::object();
  head.set("format", 1).set("program", "glid_predict " + version_text());
  head.set("checkpoint", to_utf8(asked.chosen.checkpoint.folder.string()));
  head.set("weights", config::name_of(asked.config.eval.weights));
  head.set("tta", config::name_of(asked.config.eval.tta)).set("task", config::name_of(asked.config.task));
  return head.set("vocabulary", write_state(asked.chosen.state).at("vocabulary"));
}

Prepare prepare_and_keep(const Task& task, Originals& originals, bool keep) {
  return [prepare = prepare_by(task, /*training=*/false), &originals, keep](const Sample& sample, const SampleKey& key,
                                                                            const BatchPosition& position) {
    std::vector<PreparedImage> views = prepare(sample, key, position);
    if (keep) originals.put(image_of_sample(sample.id, sample.targets), sample.image);
    return views;
  };
}

void write_predictions(const PredictArguments& arguments, PredictionFormat format, const AskedModel& asked,
                       const std::shared_ptr<const ImageList>& images) {
  const auto samples = samples_to_predict(arguments, asked, images);
  OutputFolder place(arguments.out);
  PredictionSettings settings{.folder = place.path(),
                              .pictures = arguments.pictures,
                              .score = arguments.score.value_or(kUsualScore),
                              .threads = asked.config.data.workers};
  std::vector<std::unique_ptr<ResultFiles>> official;
  if (format == PredictionFormat::kJson) settings.head = head_of(asked);
  else
    official = make_result_files(asked.config.eval.metric, *samples, place.path(),
                                 {.depth_png = arguments.depth_png, .truth = false});
  Originals originals;
  PredictionOutput output(settings, *asked.task, *images, originals, std::move(official));
  std::optional<AttentionOutput> attention;
  if (!arguments.attention.empty()) attention.emplace(arguments.attention, asked, *images, place.path());
  ask_about(asked, samples, prepare_and_keep(*asked.task, originals, arguments.pictures), arguments.batch, "predictions",
            [&](const AnsweredBatch& answered) {
              output.add(answered, attention ? attention->add(answered) : std::vector<Json>());
            });
  output.finish();
  const int64_t num_images = output.num_images(), total = images->size();
  if (num_images == 0) throw DataError(arguments.input.string(), "holds no image that can be read");
  place.commit();
  log_info("wrote {}: predictions of {}", whole_path(arguments.out).string(), counted(num_images, "image"));
  if (num_images < total)
    log_warning("left out: {} of {}, which can't be read", total - num_images, counted(total, "image"));
  if (output.num_of_other_size() > 0)
    log_warning("{} of another size than {} says: are these the images that it is of?",
                counted(output.num_of_other_size(), "image is", "images are"), arguments.annotations.string());
  if (output.num_outside() > 0)
    log_warning("{} wholly outside of the image: are they of images of this size?",
                counted(output.num_outside(), "box lies", "boxes lie"));
  if (settings.pictures && finds_objects(asked.config)) warn_without_objects(output.best_score(), settings.score);
}

}  // namespace

ExitCode predict_images(const PredictArguments& arguments) {
  require_new_folder("--out", arguments.out);
  require_outside("--out", arguments.out, arguments.input);
  require_pictures(arguments);
  const ChosenCheckpoint chosen = choose_checkpoint(arguments.checkpoint, arguments.which);
  const RunConfig config =
      config_of_checkpoint(chosen.checkpoint, {.file = arguments.config, .overrides = arguments.overrides});
  const PredictionFormat format = usable_format(arguments, config);
  require_score(arguments, config);
  require_boxes(arguments, config);
  require_query(arguments.attention, config, chosen.state.vocabulary);
  ImageList list(arguments.input, chosen.state.vocabulary);
  if (!arguments.annotations.empty()) list = list.numbered_by(arguments.annotations);
  const auto images = std::make_shared<const ImageList>(std::move(list));
  set_threads(config.train.threads, LaunchEnv{});
  const c10::Device device = choose_device(config.train.device, /*local_rank=*/0);
  log_arithmetic(config.train, device, LaunchEnv{});
  const AskedModel asked = load_asked_model(chosen, config, device);
  write_predictions(arguments, format, asked, images);
  return ExitCode::kDone;
}

}  // namespace glid
