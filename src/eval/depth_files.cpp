#include <algorithm>
#include <cmath>

#include "accumulate.h"
#include "depth_protocols.h"
#include "file_evaluators.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/depth_map.h"
#include "glid/metrics/depth_errors.h"
#include "glid/viz/heat_map.h"
#include "glid/viz/image_grid.h"
#include "matched_files.h"
#include "plots.h"
#include "reports.h"

namespace glid {
namespace {

constexpr std::string_view kDepthExtensions[] = {".png", ".npy"};
constexpr size_t kNumDrawn = 12;     // images, those of the largest abs_rel
constexpr double kNearest = 1;       // metres, the least end of the depths' colours
constexpr double kWorstError = 0.5;  // of abs_rel, the end of the error's colours
constexpr int kPaddingPx = 6;

struct DepthRules {
  DepthOptions options;
  double units_per_metre;  // of PNGs
};

DepthMap read_depth(const std::filesystem::path& file, double units_per_metre) {
  return file.extension() == ".npy" ? read_depth_npy(file) : read_depth_png(file, units_per_metre);
}

DepthView view_of(const DepthMap& map) { return {map.metres, map.height, map.width}; }

void add_image(const MatchedFile& file, const DepthRules& rules, DepthErrors& errors) {
  const DepthMap truth = read_depth(file.annotation, rules.units_per_metre),
                 predicted = read_depth(file.result, rules.units_per_metre);
  try {
    errors.add(file.stem, view_of(predicted), view_of(truth));
  } catch (const DataError& error) {
    throw DataError(file.result.string(), error.what());
  }
}

DepthErrors evaluate(const std::vector<MatchedFile>& files, const DepthRules& rules, int64_t num_threads) {
  return accumulate(std::ssize(files), num_threads, DepthErrors(rules.options),
                    [&](size_t i, DepthErrors& part) { add_image(files[i], rules, part); });
}

std::string scale_of(const std::vector<MatchedFile>& files, const DepthRules& rules) {
  const auto is_png = [](const MatchedFile& file) {
    return file.result.extension() != ".npy" || file.annotation.extension() != ".npy";
  };
  return std::ranges::any_of(files, is_png) ? format("; {} units of a PNG in a metre", rules.units_per_metre) : "";
}

// Truth and prediction in metres, from the same blue to the same yellow, and |g - p| / g.
std::vector<Image> error_row(const MatchedFile& file, double abs_rel, const DepthRules& rules) {
  DepthMap truth = read_depth(file.annotation, rules.units_per_metre);
  const DepthMap predicted = read_depth(file.result, rules.units_per_metre);
  std::vector<double> error(truth.metres.size());
  double farthest = rules.options.max_depth == kNoMaxDepth ? kNearest : rules.options.max_depth;
  for (size_t i = 0; i < error.size(); ++i) {
    double& g = truth.metres[i];
    if (!(g > rules.options.min_depth && g < rules.options.max_depth)) g = std::nan("");
    else if (rules.options.max_depth == kNoMaxDepth) farthest = std::max(farthest, g);
    error[i] = std::abs(g - predicted.metres[i]) / g;
  }
  const auto drawn = [&](const std::vector<double>& values, const ColorScale& scale, const std::string& caption) {
    return captioned(with_color_bar(heat_map(values, truth.height, truth.width, scale.low, scale.high), scale), caption);
  };
  return {drawn(truth.metres, {0, farthest, "m"}, file.stem), drawn(predicted.metres, {0, farthest, "m"}, file.stem),
          drawn(error, {0, kWorstError, ""}, format("abs_rel {:.3f}", abs_rel))};
}

void plot_worst(const std::vector<MatchedFile>& files, const DepthErrors& errors, const DepthRules& rules,
                const std::filesystem::path& folder) {
  std::vector<std::pair<double, size_t>> worst;
  size_t index = 0;
  for (const auto& [name, record] : errors.images()) worst.emplace_back(-record.values.abs_rel, index++);
  std::sort(worst.begin(), worst.end());
  worst.resize(std::min(kNumDrawn, worst.size()));
  std::vector<std::vector<Image>> rows;
  for (const auto& [negative, i] : worst) rows.push_back(error_row(files[i], -negative, rules));
  write_picture(folder / "depth_errors.png",
                grid(rows, {"truth", "prediction", "|truth - prediction| / truth"}, kPaddingPx));
}

}  // namespace

FileEvaluation evaluate_task(const DepthFileSettings& settings, const EvalRequest& request) {
  const DepthRules rules{depth_options(settings), settings.depth_scale.value_or(png_units_per_metre(settings.protocol))};
  const MatchedFiles matched = match_files(request.results, request.annotations, kDepthExtensions);
  const std::vector<MatchedFile>& files = matched.files;
  const DepthErrors errors = evaluate(files, rules, request.settings.threads);
  Report report = report_of(errors, rules_of(settings, settings.depth_scale) + scale_of(files, rules));
  report.bootstrap = bootstrap_of(errors, request);
  report.image_hash = image_hash_of(errors);
  matched.add_notes(report.notes);
  return {std::move(report), [files, errors, rules](const Report&, const std::filesystem::path& folder) {
            plot_worst(files, errors, rules, folder);
          }};
}

}  // namespace glid
