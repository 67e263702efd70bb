// Evaluates the sets of images that scripts/parity/check_dense.py writes to stdin. A request is a kind (1 panoptic,
// 2 semantic, 3 depth), its settings, the number of images and the images; every image goes to one of three accumulators,
// which are merged as objects and as bytes. The answer is the number of doubles and the doubles; -1 and no more when the
// data are refused. NaN stands for "no number"; the first double is the CPU time spent adding, in
// seconds.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "glid/core/error.h"
#include "glid/metrics/depth_errors.h"
#include "glid/metrics/mean_iou.h"
#include "glid/metrics/panoptic_quality.h"

namespace {

using Answer = std::vector<double>;

template <typename T>
std::vector<T> read_all(int64_t count) {
  std::vector<T> values(static_cast<size_t>(count));
  if (count > 0 && std::fread(values.data(), sizeof(T), values.size(), stdin) != values.size()) std::exit(1);
  return values;
}

template <typename T>
T read() {
  return read_all<T>(1)[0];
}

void append(Answer& answer, const std::optional<double>& value) {
  answer.push_back(value.value_or(std::numeric_limits<double>::quiet_NaN()));
}

void append_counts(Answer& answer, std::initializer_list<int64_t> counts) {
  for (int64_t count : counts) answer.push_back(static_cast<double>(count));
}

// Image i is added by `add(accumulator, i)`. Refused data throw DataError.
template <typename Accumulator, typename Add>
Accumulator accumulate(const Accumulator& empty, size_t num_images, double& seconds, Add add) {
  std::vector<Accumulator> parts(3, empty);
  const std::clock_t start = std::clock();
  for (size_t i = 0; i < num_images; ++i) add(parts[i * i % 3], i);
  seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  parts[2].merge(parts[0]);
  parts[2].merge_bytes(parts[1].to_bytes());
  return std::move(parts[2]);
}

void append_scores(Answer& answer, const glid::PanopticScores& scores) {
  for (const auto& value : {scores.pq, scores.sq, scores.rq}) append(answer, value);
}

struct PanopticScene {
  std::vector<uint32_t> predicted, truth;
  std::vector<glid::PanopticSegment> predicted_segments, truth_segments;
};

// Rows of id, category, is it a crowd, area.
std::vector<glid::PanopticSegment> read_segments() {
  std::vector<glid::PanopticSegment> segments;
  for (auto count = read<int64_t>(); count > 0; --count) {
    const auto fields = read_all<int64_t>(4);
    const auto area = static_cast<double>(fields[3]);
    segments.push_back({.id = fields[0], .category_id = fields[1], .is_crowd = fields[2] != 0, .area = area});
  }
  return segments;
}

Answer answer_panoptic() {
  std::vector<glid::PanopticCategory> categories;
  for (auto count = read<int64_t>(); count > 0; --count) {
    const auto fields = read_all<int64_t>(2);
    categories.push_back({.id = fields[0], .is_thing = fields[1] != 0});
  }
  std::vector<PanopticScene> scenes(static_cast<size_t>(read<int64_t>()));
  for (PanopticScene& scene : scenes) {
    const auto num_pixels = read<int64_t>();
    scene.predicted_segments = read_segments();
    scene.truth_segments = read_segments();
    scene.predicted = read_all<uint32_t>(num_pixels);
    scene.truth = read_all<uint32_t>(num_pixels);
  }
  Answer answer(1);
  const glid::PanopticReport report =
      accumulate(glid::PanopticQuality(categories), scenes.size(), answer[0], [&](auto& quality, size_t i) {
        const PanopticScene& scene = scenes[i];
        quality.add(std::to_string(i), {scene.predicted, scene.predicted_segments}, {scene.truth, scene.truth_segments});
      }).report();
  for (const glid::PanopticMeans& means : {report.all, report.things, report.stuff}) append_scores(answer, means.scores);
  for (const glid::PanopticClass& c : report.classes) {
    append_counts(answer, {c.num_true_positives, c.num_false_positives, c.num_false_negatives});
    append_scores(answer, c.scores);
  }
  return answer;
}

Answer answer_semantic() {
  const auto settings = read_all<int64_t>(4);
  const glid::MeanIouOptions options{.num_classes = settings[0],
                                     .ignore_label = settings[1],
                                     .reduce_zero_label = settings[2] != 0,
                                     .results_offset = settings[3]};
  std::vector<std::vector<uint16_t>> predicted, truth;
  for (auto num_images = read<int64_t>(); num_images > 0; --num_images) {
    const auto num_pixels = read<int64_t>();
    predicted.push_back(read_all<uint16_t>(num_pixels));
    truth.push_back(read_all<uint16_t>(num_pixels));
  }
  Answer answer(1);
  const glid::MeanIou evaluator =
      accumulate(glid::MeanIou(options), truth.size(), answer[0],
                 [&](glid::MeanIou& part, size_t i) { part.add(std::to_string(i), predicted[i], truth[i]); });
  const glid::MeanIouReport report = evaluator.report();
  for (const auto& value : report.by_protocol) append(answer, value);
  for (const auto& value : {report.mean_accuracy, report.pixel_accuracy, report.frequency_weighted_iou})
    append(answer, value);
  for (int64_t c = 0; c < options.num_classes; ++c) {
    for (int64_t count : evaluator.confusion().row(c)) append_counts(answer, {count});
  }
  return answer;
}

Answer answer_depth() {
  const auto limits = read_all<double>(2);
  const auto settings = read_all<int64_t>(2);
  const glid::DepthOptions options{.min_depth = limits[0],
                                   .max_depth = limits[1],
                                   .crop = static_cast<glid::DepthCrop>(settings[0]),
                                   .median_scaling = settings[1] != 0};
  struct Scene {
    int64_t height, width;
    std::vector<double> predicted, truth;
  };
  std::vector<Scene> scenes(static_cast<size_t>(read<int64_t>()));
  for (Scene& scene : scenes) {
    scene.height = read<int64_t>();
    scene.width = read<int64_t>();
    scene.predicted = read_all<double>(scene.height * scene.width);
    scene.truth = read_all<double>(scene.height * scene.width);
  }
  Answer answer(1);
  const glid::DepthReport report =
      accumulate(glid::DepthErrors(options), scenes.size(), answer[0], [&](glid::DepthErrors& errors, size_t i) {
        const auto& [height, width, predicted, truth] = scenes[i];
        errors.add(std::to_string(i), {predicted, height, width}, {truth, height, width});
      }).report();
  append_counts(answer, {report.num_skipped, report.num_pixels, report.notes.num_nan, report.notes.num_infinite,
                         report.notes.num_nonpositive});
  append(answer, report.rmse_pooled);
  for (const glid::DepthErrorField& field : glid::kDepthErrorFields) {
    append(answer, report.mean ? std::optional((*report.mean).*field.value) : std::nullopt);
  }
  return answer;
}

void write(int64_t size, const Answer& answer) {
  std::fwrite(&size, sizeof size, 1, stdout);
  if (size > 0) std::fwrite(answer.data(), sizeof(double), answer.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

int main() {
  int64_t kind;
  while (std::fread(&kind, sizeof kind, 1, stdin) == 1) {
    try {
      const Answer answer = kind == 1 ? answer_panoptic() : kind == 2 ? answer_semantic() : answer_depth();
      write(static_cast<int64_t>(answer.size()), answer);
    } catch (const glid::DataError&) {
      write(-1, {});
    }
  }
}
