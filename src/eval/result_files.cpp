#include "glid/eval/result_files.h"

#include <concepts>

#include "glid/config/write.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/eval/evaluate_files.h"
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
FileMetricSettings of_files(const WithoutFiles auto&, const Vocabulary&) { return {}; }
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

std::string stem_of(const ImageId& id) {
  const int64_t* number = std::get_if<int64_t>(&id);
  return number != nullptr ? format("{:012}", *number) : std::get<std::string>(id);
}

void put_map(const fs::path& folder, const std::string& stem, const char* extension, std::string_view bytes) {
  const fs::path file = folder / (stem + extension);
  fs::create_directories(file.parent_path());
  put_file(file, bytes);
}

std::unique_ptr<ResultFiles> make_result_files(const MetricSettings& settings, const AnnotatedDataset& dataset,
                                               const fs::path& folder, const ResultFormat& format) {
  return std::visit([&](const auto& alternative) { return result_files_of(alternative, dataset, folder, format); },
                    settings);
}

std::vector<std::string> scoring_options(const MetricSettings& settings, const Vocabulary& vocabulary,
                                         const fs::path& folder) {
  const FileMetricSettings metric =
      std::visit([&](const auto& alternative) { return of_files(alternative, vocabulary); }, settings);
  const std::string task(config::name_of(metric)), name = is_map(task) ? task : task + ".json";
  std::vector<std::string> options{
      "--task", task, "--results", (folder / name).string(), "--annotations", (folder / "truth" / name).string()};
  const auto given = config::flatten(FileEvalConfig{metric}), known = config::flatten(FileEvalConfig{by_default(metric)});
  for (const config::Difference& d : config::difference(known, given)) {
    options.push_back("--set");
    options.push_back(glid::format("eval.{}={}", d.path, d.new_value));
  }
  return options;
}

}  // namespace glid
