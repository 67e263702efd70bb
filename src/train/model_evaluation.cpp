#include "glid/train/model_evaluation.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <iterator>
#include <optional>

#include "evaluated_classes.h"
#include "evaluated_images.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/pace.h"
#include "glid/dist/together.h"
#include "glid/eval/eval_program.h"
#include "glid/eval/evaluate.h"
#include "glid/eval/evaluate_files.h"
#include "glid/eval/image_hash.h"
#include "glid/eval/result_files.h"
#include "glid/train/device.h"
#include "glid/train/session.h"
#include "glid/train/threads.h"
#include "prediction_output.h"
#include "sees_persons.h"
#include "trained_model.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

RunConfig evaluation_config(const ModelEvalArguments& arguments, const Checkpoint& checkpoint) {
  return config_of_checkpoint(checkpoint, {.file = arguments.config,
                                           .overrides = arguments.overrides,
                                           .options = {{"eval.split", arguments.split, "--split"},
                                                       {"eval.protocol", arguments.protocol, "--protocol"}}});
}

std::shared_ptr<const AnnotatedDataset> open_data(const RunConfig& config) {
  const std::string root = root_of(config.data.dataset);
  if (!root.empty() && !fs::exists(root))
    throw DataError(root, "is not there: the data of the run", {}, "--set data.root=DIR says where it lies on this machine");
  return config.dataset(config.eval.split);
}

void require_usable(const ModelEvalArguments& arguments, const RunConfig& config) {
  class_order(arguments.per_class, config::name_of(config.eval.metric));
  if (!arguments.out.empty() && !has_result_files(config.eval.metric))
    throw UsageError("--out", "is for metrics with result files", std::string(config::name_of(config.eval.metric)));
  if (arguments.bootstrap > 0 && config::name_of(config.eval.metric) == LossSettings::kName)
    throw UsageError("--bootstrap", "is for metrics, and eval.metric is loss", {}, "--set eval.metric=NAME chooses one");
  if (!arguments.plots.empty() && arguments.out.empty())
    throw UsageError("--plots", "is drawn from the files of --out", arguments.plots.string(), "give --out too");
}

// The result files of all ranks in one folder, which rank 0 makes and puts in place.
class SharedResults {
 public:
  SharedResults(const ModelEvalArguments& arguments, const RunConfig& config, const AnnotatedDataset& data,
                Communicator& communicator)
      : communicator_(communicator) {
    if (arguments.out.empty()) return;
    together([&] {
      if (communicator.is_main()) folder_.emplace(arguments.out);
    });
    const fs::path shared = communicator.all_gather_bytes(folder_ ? folder_->path().string() : "", "the results' folder")[0];
    together([&] { files_ = make_result_files(config.eval.metric, data, shared, {.depth_png = arguments.depth_png}); });
  }

  // What takes the predictions; nothing where none are written.
  OnPrediction taker() {
    if (files_.empty()) return {};
    return [this](const PredictedSample& sample) {
      try {
        if (failure_) return;
        for (const auto& of_part : files_) of_part->add(sample);
      } catch (...) {
        failure_ = std::current_exception();  // the ranks stop together
      }
    };
  }
  bool has_failed() const { return failure_ != nullptr; }
  // By all ranks alike.
  void finish() {
    if (files_.empty()) return;
    together([&] {
      if (failure_) std::rethrow_exception(failure_);
    });
    for (const auto& of_part : files_) {
      std::string own;
      together([&] { own = of_part->records(); });
      const std::vector<std::string> records = communicator_.all_gather_bytes(own, "the results");
      together([&] {
        if (folder_) of_part->finish(records);
      });
    }
  }
  // After all else that can fail: the same command begins again until then.
  void commit() {
    if (folder_) folder_->commit();
  }

 private:
  void together(const std::function<void()>& work) const { work_together(communicator_, work, "writing the results"); }

  Communicator& communicator_;
  std::exception_ptr failure_;
  std::optional<OutputFolder> folder_;               // of rank 0
  std::vector<std::unique_ptr<ResultFiles>> files_;  // one a part of the metric
};

// Of several tasks: the numbers, rules and notes of all.
Report report_of(const std::vector<std::unique_ptr<Measure>>& measures, const MetricSettings& settings) {
  const std::vector<MetricPart> parts = parts_of(settings);
  if (parts.size() == 1 && parts[0].task.empty()) return measures[0]->report();
  Report all{.task = std::string(MultitaskSettings::kName)};
  std::vector<std::string> rules;
  for (size_t i = 0; i < measures.size(); ++i) {
    const Report report = measures[i]->report();
    const NamedValues values = named_values(measures[i]->metric().values());
    all.images = report.images;
    all.metrics.insert(all.metrics.end(), values.begin(), values.end());
    all.unit = report.unit;  // of all three: fractions
    for (const auto& [name, count] : report.means_over) all.means_over[format("{}.{}", parts[i].task, name)] = count;
    for (ReportRow row : report.per_class) {
      row.name = format("{}.{}", parts[i].task, row.name);
      all.per_class.push_back(std::move(row));
    }
    rules.push_back(format("{}: {}", parts[i].task, report.rules));
    for (const std::string& note : report.notes) all.notes.push_back(format("{}: {}", parts[i].task, note));
  }
  std::ranges::sort(rules);  // whatever the order of the tasks
  all.rules = join(rules, "; ");
  return all;
}

Report report_of(Scores& scores, const RunConfig& config) {
  Report report;
  if (!scores.measures.empty()) report = report_of(scores.measures, config.eval.metric);
  else report = {.task = "loss", .protocol = std::string(config::name_of(config.task)), .rules = "the task's own loss"};
  if (!scores.loss) return report;
  const NamedValues losses = named_values(scores.loss->values());
  (scores.measures.empty() ? report.metrics : report.losses) = losses;
  if (scores.measures.empty()) report.images = std::ssize(scores.loss->images());
  return report;
}

// What was evaluated, in words.
std::vector<std::pair<std::string, std::string>> model_of(const ChosenCheckpoint& chosen, const RunConfig& config,
                                                          const AnnotatedDataset& data) {
  return {{"checkpoint", format("{} ({})", chosen.checkpoint.folder.string(), chosen.why)},
          {"step", std::to_string(chosen.checkpoint.step())},
          {"weights", std::string(config::name_of(config.eval.weights))},
          {"tta", std::string(config::name_of(config.eval.tta))},
          {"split", std::string(config::name_of(config.eval.split))},
          {"data", format("{}, list {:016x}, files {:016x}", config::name_of(config.data.dataset), data.fingerprint().names,
                          data.fingerprint().sizes)}};
}

void report_to_user(const ModelEvalArguments& arguments, const RunConfig& config, const Vocabulary& vocabulary,
                    const Report& report) {
  write_reports(report, arguments.json, arguments.csv,
                class_order(arguments.per_class, config::name_of(config.eval.metric)));
  if (arguments.out.empty()) return;
  std::vector<EvalRequest> requests = scoring_requests(config.eval.metric, vocabulary, arguments.out);
  std::string commands;
  for (const EvalRequest& request : requests) commands += "\n  glid_eval " + command_line(request);
  log_info("wrote {}; to score the files:{}", arguments.out.string(), commands);
  if (arguments.plots.empty()) return;
  for (EvalRequest& request : requests) {
    request.plots = arguments.plots;
    for (const Vocabulary::Class& c : vocabulary.labels) request.class_names.push_back(c.name);
    if (requests.size() > 1) request.plots /= config::name_of(request.settings.metric);
    evaluate_files(request);
  }
}

Scores scores_of(const RunConfig& config, const Vocabulary& vocabulary) {
  Scores scores{.measures = make_measures(config.eval.metric, vocabulary)};
  if (scores.measures.empty() || config.eval.tta == Tta::kNone) scores.loss.emplace();
  return scores;
}

// evaluate() or evaluate_blind(), which `walk` calls, with the pace of all ranks in the first one's log.
void walk_in_view(Measured measured, Pace& pace, const std::function<void(const Measured&)>& walk) {
  int64_t num_samples = 0;
  if (measured.communicator.is_main())
    measured.progress = [&](int64_t done) {
      num_samples = done;
      pace.show(done);
    };
  walk(measured);
  if (measured.communicator.is_main()) pace.end(num_samples);
}

// The metric of predictions without looking, by what the run has learned for it; nothing where it hasn't.
NamedValues blind_values(const ChosenCheckpoint& chosen, const Measured& measured, int64_t total, const RunConfig& config,
                         const Vocabulary& vocabulary) {
  const fs::path file = blind_file(chosen.checkpoint.folder);
  Scores scores = scores_of(config, vocabulary);
  scores.loss.reset();
  if (scores.measures.empty() || !fs::exists(file)) return {};
  Pace pace("without looking", total, sample_name(config.task));
  walk_in_view(measured, pace, [&](const Measured& blind) { evaluate_blind(blind, BlindPredictor::read(file), scores); });
  return named_values(scores.values());
}

// None where nothing is predicted.
OnPrediction taker_of(const Scores& scores, EvaluatedImages& images, SharedResults& results) {
  if (scores.measures.empty()) return {};
  return [&images, take = results.taker()](const PredictedSample& sample) {
    images.add(sample.id, image_of_sample(sample.id, sample.truth));
    if (take) take(sample);
  };
}

// Of the values of all measures, which are of the same images.
std::optional<Bootstrap> bootstrap_of(const std::vector<std::unique_ptr<Measure>>& measures, int64_t num_samples,
                                      const ImageNames& names) {
  if (num_samples == 0 || measures.empty()) return std::nullopt;
  const BootstrapOptions options{.num_samples = num_samples, .num_threads = at::get_num_threads(), .names = names};
  Bootstrap all = bootstrap(measures[0]->metric(), options);
  for (size_t i = 1; i < measures.size(); ++i)
    std::ranges::move(bootstrap(measures[i]->metric(), options).values, std::back_inserter(all.values));
  return all;
}

// On all ranks alike, but for the model's facts and the bootstrap, which only the first makes.
Report evaluate_model(const ModelEvalArguments& arguments, const ChosenCheckpoint& chosen, const RunConfig& config,
                      const std::shared_ptr<const AnnotatedDataset>& data, Communicator& communicator,
                      const c10::Device& device) {
  const auto task = make_task(config.task, config.task_context(chosen.state.vocabulary));
  const auto model = load_model(config, chosen.checkpoint, *task, device);
  const ValidationPlan::Share share{config.eval.fraction, batch_size(arguments.batch, config, chosen.state),
                                    communicator.rank(), communicator.size()};
  const auto plan = std::make_shared<ValidationPlan>(data->size(), config.seed, share);
  Loader loader(data, plan, loader_options(config, device), prepare_by(*task, /*training=*/false));
  Scores scores = scores_of(config, data->vocabulary());
  SharedResults results(arguments, config, *data, communicator);
  const Measured measured{
      *model, *task, loader, communicator, device, config.train.precision, [&results] { return results.has_failed(); }};
  EvaluatedImages images(*data);
  const int64_t total = ValidationPlan(data->size(), config.seed, {.fraction = config.eval.fraction}).num_samples();
  Pace pace("evaluation", total, sample_name(config.task));
  walk_in_view(measured, pace, [&](const Measured& seen) { evaluate(seen, scores, taker_of(scores, images, results)); });
  results.finish();
  if (scores.measures.empty())
    for (const std::string& view : scores.loss->keys()) {  // "000000000012 view 0"
      const int64_t sample = std::stoll(view);
      images.add(sample, sample);
    }
  Report report = report_of(scores, config);
  const ImageNames names = images.names(communicator);
  report.image_hash = hash_of_names(names);
  report.blind = blind_values(chosen, measured, total, config, data->vocabulary());
  if (!communicator.is_main()) return report;
  report.model = model_of(chosen, config, *data);
  report.bootstrap = bootstrap_of(scores.measures, arguments.bootstrap, names);
  results.commit();
  return report;
}

}  // namespace

ExitCode evaluate_checkpoint(const ModelEvalArguments& arguments) {
  const LaunchEnv env = read_launch_env();
  set_log_rank(env.rank, env.size);
  const ChosenCheckpoint chosen = choose_checkpoint(arguments.checkpoint, arguments.which);
  const RunConfig config = evaluation_config(arguments, chosen.checkpoint);
  require_usable(arguments, config);
  set_threads(config.train.threads, env);
  const c10::Device device = choose_device(config.train.device, env.local_rank);
  log_arithmetic(config.train, device, env);
  const auto data = open_data(config);
  require_known_classes(config.task, config.eval.metric, chosen.state.vocabulary, data->vocabulary(),
                        arguments.other_classes);
  const auto communicator = make_communicator(env, device, config.train.collective_timeout_s);
  work_together(
      *communicator,
      [&] {
        if (!communicator->is_main()) return;
        require_places(arguments.json, arguments.csv, arguments.plots);
        require_new_folder("--out", arguments.out);
      },
      "looking at the places of outputs");
  const Report report = evaluate_model(arguments, chosen, config, data, *communicator, device);
  if (communicator->is_main()) report_to_user(arguments, config, data->vocabulary(), report);
  return ExitCode::kDone;
}

}  // namespace glid
