#include <algorithm>
#include <cmath>

#include "accumulate.h"
#include "file_evaluators.h"
#include "glid/core/error.h"
#include "glid/formats/depth_map.h"
#include "glid/formats/image_file.h"
#include "glid/metrics/depth_errors.h"
#include "glid/viz/heat_map.h"
#include "glid/viz/image_grid.h"
#include "matched_files.h"
#include "reports.h"

namespace glid {
namespace {

constexpr std::string_view kDepthExtensions[] = {".png", ".npy"};
constexpr size_t kNumDrawn = 12;     // images, those of the largest abs_rel
constexpr double kWorstError = 0.5;  // of abs_rel, the end of the error's colours

DepthMap read_depth(const std::filesystem::path& file, double depth_scale) {
  return file.extension() == ".npy" ? read_depth_npy(file) : read_depth_png(file, depth_scale);
}

DepthView view_of(const DepthMap& map) { return {map.metres, map.height, map.width}; }

void add_image(const MatchedFile& file, double depth_scale, DepthErrors& errors) {
  const DepthMap truth = read_depth(file.annotation, depth_scale), predicted = read_depth(file.result, depth_scale);
  try {
    errors.add(file.stem, view_of(predicted), view_of(truth));
  } catch (const DataError& error) {
    throw DataError(file.result.string(), error.what());
  }
}

DepthErrors evaluate(const std::vector<MatchedFile>& files, const DepthFileSettings& settings, int64_t num_threads) {
  return accumulate(std::ssize(files), num_threads, DepthErrors(settings),
                    [&](size_t i, DepthErrors& part) { add_image(files[i], settings.depth_scale, part); });
}

// Truth, prediction and |g - p| / g of an image, from the same blue to the same yellow in all rows.
std::vector<Image> error_row(const MatchedFile& file, const DepthFileSettings& settings) {
  DepthMap truth = read_depth(file.annotation, settings.depth_scale);
  const DepthMap predicted = read_depth(file.result, settings.depth_scale);
  std::vector<double> error(truth.metres.size());
  for (size_t i = 0; i < error.size(); ++i) {
    double& g = truth.metres[i];
    if (!(g > settings.min_depth && g < settings.max_depth)) g = std::nan("");
    error[i] = std::abs(g - predicted.metres[i]) / g;
  }
  return {heat_map(truth.metres, truth.height, truth.width, 0, settings.max_depth),
          heat_map(predicted.metres, truth.height, truth.width, 0, settings.max_depth),
          heat_map(error, truth.height, truth.width, 0, kWorstError)};
}

void plot_worst(const std::vector<MatchedFile>& files, const DepthErrors& errors, const DepthFileSettings& settings,
                const std::filesystem::path& folder) {
  std::vector<std::pair<double, size_t>> worst;
  size_t index = 0;
  for (const auto& [name, record] : errors.images()) worst.emplace_back(-record.values.abs_rel, index++);
  std::sort(worst.begin(), worst.end());
  std::vector<std::vector<Image>> rows;
  for (size_t i = 0; i < std::min(kNumDrawn, worst.size()); ++i) rows.push_back(error_row(files[worst[i].second], settings));
  write_png(folder / "depth_errors.png", grid(rows, {"truth", "prediction", "|g - p| / g, 0 to 0.5"}, 4));
}

}  // namespace

Report evaluate_task(const DepthFileSettings& settings, const EvalRequest& request) {
  const auto files = match_files(request.results, request.annotations, kDepthExtensions);
  const DepthErrors errors = evaluate(files, settings, request.settings.threads);
  Report report = report_of(errors);
  if (!request.plots.empty()) plot_worst(files, errors, settings, request.plots);
  return report;
}

}  // namespace glid
