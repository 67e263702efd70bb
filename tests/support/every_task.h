// Every task of the variant at a small size, and samples that know something of everything: for laws that all must keep.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "glid/tasks/task_config.h"
#include "support/masked_samples.h"
#include "support/small_codebook.h"
#include "support/small_run.h"
#include "support/task_batches.h"

namespace glid {

inline constexpr int64_t kSampleSize = 24;

// Small, with parameters that start apart, so that every one has a gradient.
template <class Config>
Config small_config(Config config) {
  if constexpr (requires { config.query.query_init; }) config.query.query_init = QueryInit::kNormal;
  if constexpr (requires { config.queries.query_init; }) config.queries.query_init = QueryInit::kNormal;
  if constexpr (requires { config.bins; }) config.bins = 5;
  if constexpr (requires { config.codebook; }) {
    config.codebook = small_codebook();
    config.hiding.hidden = 6, config.hiding.smallest = 4;
  }
  if constexpr (requires { config.head_blocks; }) config.head_blocks = 2;
  if constexpr (requires { config.decoder.blocks; }) config.decoder = {.blocks = 2, .width = 16, .heads = 2};
  if constexpr (requires { config.one_to_many; }) {
    config.queries = 6;
    config.one_to_many.queries = 8;
    config.one_to_many.repeats = 2;
  }
  if constexpr (requires { config.set; }) {
    config.set.num_queries = 6;
    config.set.points.points = 40;
    config.set.queries.query_init = QueryInit::kNormal;
  }
  if constexpr (requires { config.semantic.set; }) {
    config.semantic = small_config(config.semantic);
    config.instance = small_config(config.instance);
    config.panoptic = small_config(config.panoptic);
  }
  return config;
}

template <size_t i = 0>
void add_small_configs(std::map<std::string, TaskConfig>& configs) {
  if constexpr (i < std::variant_size_v<TaskConfig>) {
    using Config = std::variant_alternative_t<i, TaskConfig>;
    configs.emplace(Config::kName, small_config(Config()));
    add_small_configs<i + 1>(configs);
  }
}

inline std::map<std::string, TaskConfig> every_task() {
  std::map<std::string, TaskConfig> configs;
  add_small_configs(configs);
  return configs;
}

inline std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const auto& [name, config] : every_task()) names.push_back(name);
  return names;
}

// The metric of that name, of small pictures whose persons have so many joints.
template <size_t i = 0>
MetricSettings small_metric(std::string_view name, size_t num_joints) {
  if constexpr (i < std::variant_size_v<MetricSettings>) {
    std::variant_alternative_t<i, MetricSettings> settings;
    if (settings.kName != name) return small_metric<i + 1>(name, num_joints);
    if constexpr (requires { settings.sigmas; }) settings.sigmas = std::vector<double>(num_joints, 0.05);
    if constexpr (requires { settings.crop; }) settings.crop = DepthCrop::kNone;
    return settings;
  } else {
    return LossSettings{};
  }
}

// A task's own, of which it may have none.
inline MetricSettings small_metric(const TaskConfig& task, size_t num_joints) {
  return std::visit(
      [num_joints]<class Config>(const Config&) -> MetricSettings {
        if constexpr (Config::kMetrics.empty()) return LossSettings{};
        else return small_metric(Config::kMetrics[0], num_joints);
      },
      task);
}

struct Counted final : config::Problems {
  void add(std::string_view, const std::string&, const std::string&, const std::string&) override { ++count; }
  int count = 0;
};

// Whether the task can be asked of such an encoder.
inline bool is_answered_by(const EncoderShape& encoder, const TaskConfig& task) {
  Counted problems;
  check_encoder(task, encoder, problems);
  return problems.count == 0;
}

// Whether micro-batches of an odd number of pictures are what the task is configured for.
inline bool takes_odd_batches(const TaskConfig& task) {
  Counted problems;
  std::visit(
      [&](const auto& config) {
        if constexpr (requires { config.check_batch(1, problems); }) config.check_batch(1, problems);
      },
      task);
  return problems.count == 0;
}

// Small models on a Swin and on ViTs of which the last can be asked what needs most of them: units of 8 px everywhere.
inline std::vector<ModelShape> small_model_shapes() {
  std::vector<ModelShape> shapes{small_model_shape(), small_vit_model_shape()};
  for (const bool class_token : {true, false}) {
    VitShape vit = *small_vit_model_shape().encoder.vit();
    vit.unit = 1, vit.patch = 8;  // a token a unit
    vit.class_token = class_token;
    shapes.push_back(small_vit_model_shape());
    shapes.back().encoder = vit;
  }
  return shapes;
}

// The first of them that the task can be asked of.
inline ModelShape small_model_for(const TaskConfig& task, std::vector<ModelShape> shapes = small_model_shapes()) {
  const auto fits = [&](const ModelShape& shape) { return is_answered_by(shape.encoder, task); };
  return *std::ranges::find_if(shapes, fits);
}

inline TaskContext context_of_all(Tta tta = Tta::kNone) {
  TaskContext context = masked_context();
  context.tta = tta;
  context.vocabulary.images = {{0, "a"}, {1, "b"}, {2, "c"}};
  context.vocabulary.joints = {"head", "left_hand", "right_hand"};
  context.vocabulary.has_masks = context.vocabulary.has_depth = true;
  return context;
}

// A crowd: an object that nobody learns from.
inline Instance crowd_of_all() {
  const Rle mask = rle_from_mask(std::vector<uint8_t>(kSampleSize * kSampleSize, 1), kSampleSize, kSampleSize);
  return {.id = 1, .box = to_corners(rle_box(mask)), .mask = mask, .area = 1.0 * rle_area(mask), .is_crowd = true};
}

// Something of everything that a task may be about: `count` objects, the first of which is the person. Without objects
// nothing is known of the sample but its class: it may be counted in no loss but that of classes.
inline Sample sample_of_all(int64_t id, int64_t count) {
  Sample sample = sample_with_masks(id, count, kSampleSize, kSampleSize);
  Targets& targets = sample.targets;
  targets.label = id % 3;
  targets.person = Person{.image = id, .box = {2, 2, 20, 22}, .score = 1.0, .instance = 0};
  if (count == 0) {
    targets.instances = {crowd_of_all()};
    targets.instances[0].keypoints.resize(3);
    std::ranges::fill(targets.semantic, kIgnoreLabel);
    targets.panoptic = {std::vector<uint32_t>(targets.semantic.size()), {}};
    targets.depth.assign(targets.semantic.size(), 0);
    return sample;
  }
  for (size_t i = 0; i < sample.image.pixels.size(); i += 3)
    targets.depth.push_back(1 + static_cast<float>(sample.image.pixels[i]) / 100);
  targets.instances.at(0).keypoints = {
      {6, 5, Visibility::kVisible}, {9, 14, Visibility::kHidden}, {17, 13, Visibility::kUnlabelled}};
  return sample;
}

// The counts of objects are 2, 0, 1, 0, 1, 2, ..: some micro-batches have none.
inline std::vector<Sample> samples_of_all(int64_t first, int64_t count) {
  std::vector<Sample> samples;
  for (int64_t id = first; id < first + count; ++id) samples.push_back(sample_of_all(id, (id + id / 3 + 2) % 3));
  return samples;
}

// sample_of_all() of ids 0, 1, .. with so many objects each.
class SamplesOfAll : public Dataset {
 public:
  explicit SamplesOfAll(std::vector<int64_t> num_objects) : num_objects_(std::move(num_objects)) {}
  int64_t size() const override { return std::ssize(num_objects_); }
  Sample get(int64_t id) const override { return sample_of_all(id, num_objects_.at(static_cast<size_t>(id))); }
  std::string name(int64_t id) const override { return "sample " + std::to_string(id); }
  Fingerprint fingerprint() const override { return {}; }

 private:
  std::vector<int64_t> num_objects_;
};

// The largest difference of any two gradients, as a part of the largest gradient: some are 0 but for rounding (a softmax
// doesn't see a bias that all its inputs share).
inline double difference_of_all(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  double largest = 0, worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, b[i].abs().max().item<double>());
    worst = std::max(worst, (a[i] - b[i]).abs().max().item<double>());
  }
  return worst > 0 ? worst / largest : 0;
}

}  // namespace glid
