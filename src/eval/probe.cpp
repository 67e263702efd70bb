#include "glid/eval/probe.h"

#include <ATen/ATen.h>

#include <iterator>
#include <map>
#include <memory>

#include "feature_reader.h"
#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/data/image_folder.h"
#include "glid/metrics/accuracy.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kRandomSeed = 0;  // of the weights that have learned nothing

ImageFolder open_split(const fs::path& root, Split split) {
  if (!fs::is_directory(root / "train"))
    throw DataError(root.string(), "has no folder train", {},
                    "--data takes ROOT/train/CLASS/*.jpg and ROOT/val/CLASS/*.jpg");
  return open_imagenet(root, split);
}

// By the names of the files, without reading them.
void require_classes(const fs::path& root, const ImageFolder& train) {
  std::map<std::string, int64_t> images;
  for (const auto& [name, label] : train.classes()) images[name] = 0;
  for (int64_t id = 0; id < train.size(); ++id)
    ++images[fs::path(train.name(id)).lexically_relative(root / "train").begin()->string()];
  if (images.size() < 2)
    throw DataError((root / "train").string(), "has one class only", images.begin()->first, "a probe tells classes apart");
  for (const auto& [name, count] : images)
    if (count == 0)
      throw DataError((root / "train" / name).string(), "is a class without training images", {}, "remove the folder");
}

// A val without class folders is legal for training, but there is nothing to ask.
void require_labels(const fs::path& root, const ImageFolder& val) {
  const fs::path folder = fs::is_directory(root / "val") ? root / "val" : root / "train";
  const fs::path first = fs::path(val.name(0)).lexically_relative(folder);
  if (first.begin() == std::prev(first.end()))
    throw DataError(folder.string(), "has no class folders: nobody knows the classes of its images");
}

// What several nets see in the same images.
struct Seen {
  std::vector<LabelledFeatures> of_net;
  int64_t bad_files = 0;
};

at::Tensor labels_of(const Batch& batch) {
  std::vector<int64_t> labels;
  for (const BatchImage& image : batch.images) labels.push_back(image.targets.label.value());
  return at::tensor(labels, at::kLong);
}

Seen look_at(std::shared_ptr<const ImageFolder> images, const std::vector<const FeatureNet*>& nets,
             const FeatureOptions& options, const std::string& what) {
  std::vector<std::vector<at::Tensor>> rows(nets.size());
  std::vector<at::Tensor> labels;
  const ImagesRead read = for_each_batch(images, options, nets[0]->shape().unit_px(), what, [&](const Batch& batch) {
    for (size_t i = 0; i < nets.size(); ++i) rows[i].push_back(at::cat((*nets[i])(batch, options), 1));
    labels.push_back(labels_of(batch));
  });
  if (read.images == 0) throw DataError(what, "no image can be read");
  Seen seen{.bad_files = read.bad_files};
  for (const auto& of_net : rows) seen.of_net.push_back({at::cat(of_net), at::cat(labels), std::ssize(images->classes())});
  return seen;
}

// Scores [M, K] of images whose classes are `labels`.
TopAccuracy accuracy_of(const at::Tensor& scores, const at::Tensor& labels) {
  const at::Tensor rows = scores.contiguous(), truths = labels.contiguous();
  const auto num_classes = static_cast<size_t>(rows.size(1));
  Accuracy accuracy;
  for (int64_t i = 0; i < rows.size(0); ++i)
    accuracy.add(format("{:012}", i), {rows.const_data_ptr<double>() + static_cast<size_t>(i) * num_classes, num_classes},
                 truths.const_data_ptr<int64_t>()[i]);
  const std::vector<MetricValue> values = accuracy.values();
  return {values[0].value.value(), num_classes > 5 ? values[1].value : std::nullopt};
}

TopAccuracy blind_accuracy(const LabelledFeatures& known, const LabelledFeatures& asked) {
  const at::Tensor counts = at::bincount(known.labels, {}, known.num_classes).to(at::kDouble);
  return accuracy_of(counts.expand({asked.size(), known.num_classes}), asked.labels);
}

std::string percent(const std::optional<double>& fraction) { return fraction ? format("{:.1f} %", 100 * *fraction) : "-"; }

// A method's line: the model, random weights, no features.
std::string table_row(const std::string& method, const std::optional<double>& model, const std::optional<double>& random,
                      const std::optional<double>& blind) {
  return format("{:<14}{:>12}{:>17}{:>22}\n", method, percent(model), percent(random), percent(blind));
}

std::string table_rows(const std::string& method, const TopAccuracy& model, const std::optional<TopAccuracy>& random,
                       const TopAccuracy& blind) {
  std::string text =
      table_row(method + " top-1", model.top1, random ? std::optional(random->top1) : std::nullopt, blind.top1);
  if (model.top5) text += table_row(method + " top-5", model.top5, random ? random->top5 : std::nullopt, blind.top5);
  return text;
}

Json json_of(const TopAccuracy& accuracy) {
  Json json = Json::object().set("top1", accuracy.top1);
  if (accuracy.top5) json.set("top5", *accuracy.top5);
  return json;
}

Json json_of(const ProbeResult& result) {
  Json json = Json::object().set("knn", json_of(result.knn));
  if (!result.linear) return json;
  Json linear = json_of(*result.linear);
  linear.set("penalty", result.penalty->penalty);
  Json held_out = Json::object();
  for (size_t i = 0; i < result.penalty->held_out.size(); ++i)
    held_out.set(format("{:g}", kPenalties[i]), result.penalty->held_out[i]);
  return json.set("linear", linear.set("held_out_top1", held_out));
}

}  // namespace

ProbeResult probe_features(const LabelledFeatures& known, const LabelledFeatures& asked, const ProbeConfig& config) {
  ProbeResult result{.knn = accuracy_of(knn_votes(known, asked.features, config.knn), asked.labels)};
  if (!config.linear) return result;
  result.penalty = choose_penalty(known);
  const LinearClassifier classifier = fit_linear(known, result.penalty->penalty);
  result.linear = accuracy_of(classifier.logits(asked.features), asked.labels);
  return result;
}

ProbeReport probe(const FeatureNet& net, const FeatureOptions& options, const fs::path& root, const ProbeConfig& config) {
  const auto train = std::make_shared<ImageFolder>(open_split(root, Split::kTrain));
  const auto val = std::make_shared<ImageFolder>(open_split(root, Split::kVal));
  require_classes(root, *train);
  require_labels(root, *val);
  const int64_t k = config.knn.neighbours;
  if (k > train->size())
    throw UsageError("--knn", "asks more neighbours than there are training images", std::to_string(k),
                     format("{} has {}", (root / "train").string(), train->size()));
  const auto random = config.random ? net.with_random_weights(kRandomSeed) : nullptr;
  std::vector<const FeatureNet*> nets{&net};
  if (random) nets.push_back(random.get());
  const Seen known = look_at(train, nets, options, "training images"),
             asked = look_at(val, nets, options, "validation images");
  if (k > known.of_net[0].size())
    throw DataError((root / "train").string(), "has fewer images that can be read than --knn asks for",
                    format("{} of {}", known.of_net[0].size(), train->size()),
                    format("--knn {} or less", known.of_net[0].size()));
  ProbeReport report{.train_images = known.of_net[0].size(),
                     .val_images = asked.of_net[0].size(),
                     .bad_files = known.bad_files + asked.bad_files,
                     .num_classes = known.of_net[0].num_classes,
                     .dimensions = known.of_net[0].features.size(1),
                     .knn = config.knn,
                     .model = probe_features(known.of_net[0], asked.of_net[0], config),
                     .blind = blind_accuracy(known.of_net[0], asked.of_net[0])};
  if (random) report.random = probe_features(known.of_net[1], asked.of_net[1], config);
  return report;
}

std::string probe_table(const ProbeReport& report) {
  std::string text = format("{}, {} to learn from, {} to ask{}; {} an image\n\n",
                            counted(report.num_classes, "class", "classes"), counted(report.train_images, "image"),
                            report.val_images, report.bad_files > 0 ? format(" ({} can't be read)", report.bad_files) : "",
                            counted(report.dimensions, "number"));
  text += format("{:<14}{:>12}{:>17}{:>22}\n", "", "the model", "random weights", "most frequent class");
  const std::optional<TopAccuracy> random_knn = report.random ? std::optional(report.random->knn) : std::nullopt;
  text += table_rows("kNN", report.model.knn, random_knn, report.blind);
  if (!report.model.linear) return text;
  const std::optional<TopAccuracy> random_linear = report.random ? report.random->linear : std::nullopt;
  return text + table_rows("linear", *report.model.linear, random_linear, report.blind);
}

Json probe_json(const ProbeReport& report) {
  Json json = Json::object();
  json.set("train_images", report.train_images).set("val_images", report.val_images).set("bad_files", report.bad_files);
  json.set("classes", report.num_classes).set("dimensions", report.dimensions);
  json.set("neighbours", report.knn.neighbours).set("temperature", report.knn.temperature);
  json.set("model", json_of(report.model));
  if (report.random) json.set("random_weights", json_of(*report.random));
  return json.set("most_frequent_class", json_of(report.blind));
}

}  // namespace glid
