#include "glid/eval/result_files.h"

#include <algorithm>
#include <concepts>

#include "glid/config/write.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/shell.h"
#include "result_writers.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// Metrics that no official file is written for.
template <class Settings>
concept WithoutFiles = std::same_as<Settings, LossSettings> || std::same_as<Settings, AccuracySettings> ||
    std::same_as<Settings, MultitaskSettings>;

std::unique_ptr<ResultFiles> result_files_of(const WithoutFiles auto&, const AnnotatedDataset&, const fs::path&,
                                             const ResultFormat&) {
  return nullptr;
}

// A run's settings as those of files.
FileMetricSettings of_files(const WithoutFiles auto& settings, const Vocabulary&) {
  throw UsageError("eval.metric", "has no result files", std::string(settings.kName));
}
FileMetricSettings of_files(const BoxSettings& settings, const Vocabulary&) { return settings; }
FileMetricSettings of_files(const MaskSettings& settings, const Vocabulary&) { return settings; }
FileMetricSettings of_files(const KeypointSettings& settings, const Vocabulary&) { return settings; }
FileMetricSettings of_files(const PanopticSettings& settings, const Vocabulary&) { return PanopticFileSettings{settings}; }
FileMetricSettings of_files(const DepthSettings& settings, const Vocabulary&) { return DepthFileSettings{settings}; }
FileMetricSettings of_files(const SemanticSettings& settings, const Vocabulary& vocabulary) {
  return SemanticFileSettings{
      {.protocol = settings.protocol, .num_classes = std::ssize(vocabulary.labels), .ignore_label = kIgnoreLabel}};
}

// The same alternative as it is by default.
FileMetricSettings by_default(const FileMetricSettings& settings) {
  return std::visit([](const auto& alternative) { return FileMetricSettings(std::decay_t<decltype(alternative)>()); },
                    settings);
}

bool is_map(const std::string& task) { return task == SemanticSettings::kName || task == DepthSettings::kName; }

}  // namespace

void put_map(const fs::path& folder, const std::string& stem, const char* extension, std::string_view bytes) {
  const fs::path file = folder / (stem + extension);
  fs::create_directories(file.parent_path());
  put_file(file, bytes);
}

bool has_result_files(const MetricSettings& settings) {
  return std::ranges::all_of(parts_of(settings), [](const MetricPart& part) {
    return std::visit([](const auto& alternative) { return !WithoutFiles<std::decay_t<decltype(alternative)>>; },
                      part.settings);
  });
}

std::vector<std::unique_ptr<ResultFiles>> make_result_files(const MetricSettings& settings, const AnnotatedDataset& dataset,
                                                            const fs::path& folder, const ResultFormat& format) {
  std::vector<std::unique_ptr<ResultFiles>> files;
  for (const MetricPart& part : parts_of(settings))
    if (auto of_part = std::visit(
            [&](const auto& alternative) { return result_files_of(alternative, dataset, folder, format); }, part.settings))
      files.push_back(std::move(of_part));
  return files;
}

std::vector<EvalRequest> scoring_requests(const MetricSettings& settings, const Vocabulary& vocabulary,
                                          const fs::path& folder) {
  std::vector<EvalRequest> requests;
  for (const MetricPart& part : parts_of(settings)) {
    EvalRequest request;
    request.settings.metric =
        std::visit([&](const auto& alternative) { return of_files(alternative, vocabulary); }, part.settings);
    const std::string metric(config::name_of(part.settings)), name = is_map(metric) ? metric : metric + ".json";
    request.results = folder / name;
    request.annotations = folder / "truth" / name;
    requests.push_back(std::move(request));
  }
  return requests;
}

std::vector<std::string> options_of(const EvalRequest& request) {
  const FileMetricSettings& metric = request.settings.metric;
  std::vector<std::string> options{"--task",        std::string(config::name_of(metric)),
                                   "--results",     request.results.string(),
                                   "--annotations", request.annotations.string()};
  const auto given = config::flatten(FileEvalConfig{metric}), known = config::flatten(FileEvalConfig{by_default(metric)});
  for (const config::Difference& d : config::difference(known, given)) {
    options.push_back("--set");
    options.push_back(format("eval.{}={}", d.path, d.new_value));
  }
  return options;
}

std::string command_line(const EvalRequest& request) { return shell_line(options_of(request)); }

}  // namespace glid
