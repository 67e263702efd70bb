#include "prediction_output.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <utility>

#include "glid/core/files.h"
#include "glid/core/utf8.h"
#include "glid/data/coco_records.h"
#include "glid/formats/jpeg.h"
#include "glid/viz/image_grid.h"
#include "glid/viz/prediction_picture.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr int kQuality = 90;
constexpr int kGapPx = 4;               // between the pictures of a row
constexpr int64_t kWaitingAThread = 4;  // images

// As a list: samples of one image add to it.
Json::Array of_sample(std::vector<Json>& attention, size_t sample) {
  if (attention.empty()) return {};
  return {std::move(attention.at(sample))};
}

// Persons come in the order of their boxes. What is said of where a person's queries look says which detection they are.
void put_best_first(std::vector<Detection>& detections, Json::Array& attention) {
  std::vector<size_t> order(detections.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater(), [&](size_t i) { return detections[i].score; });
  std::vector<Detection> sorted;
  for (const size_t i : order) {
    if (!detections[i].keypoints.empty() && !attention.empty()) attention.at(i).set("detection", uint64_t{sorted.size()});
    sorted.push_back(std::move(detections[i]));
  }
  detections = std::move(sorted);
}

}  // namespace

void Originals::put(int64_t id, const Image& image) {
  auto copy = std::make_shared<const Image>(image);
  const std::lock_guard lock(mutex_);
  images_.emplace(id, std::move(copy));
}

std::shared_ptr<const Image> Originals::take(int64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = images_.extract(id);
  return found ? found.mapped() : nullptr;
}

void put_picture(const fs::path& file, const Image& picture) {
  fs::create_directories(file.parent_path());
  put_file(file, encode_jpeg(picture, kQuality));
}

int64_t image_of_sample(int64_t id, const Targets& targets) { return targets.person ? targets.person->image : id; }

PredictionOutput::PredictionOutput(const PredictionSettings& settings, const Task& task, const ImageList& images,
                                   Originals& originals, std::vector<std::unique_ptr<ResultFiles>> official)
    : settings_(settings),
      task_(task),
      images_(images),
      originals_(originals),
      official_(std::move(official)),
      is_predicted_(static_cast<size_t>(images.size())),
      background_(settings.threads, kWaitingAThread * settings.threads) {
  if (settings_.head) list_.emplace(settings_.folder, *settings_.head);
}

void PredictionOutput::add(const AnsweredBatch& answered, std::vector<Json> attention) {
  std::vector<Prediction> predictions = task_.predict(answered);
  if (predictions.empty()) return add_rows(answered, std::move(attention));
  const std::vector<ImageRange> samples = answered.batch.samples();
  for (size_t i = 0; i < samples.size(); ++i) {
    const BatchImage& image = answered.batch.images[static_cast<size_t>(samples[i].first)];
    for (const auto& files : official_) files->add({image.key.id, image.name, predictions[i], *image.truth});
    if (image.truth->person) show_boxes_of_persons(predictions[i], image.truth->person->box);
    gather(image_of_sample(image.key.id, *image.truth), std::move(predictions[i]), of_sample(attention, i));
  }
}

// Metrics have that which the model was shown.
void PredictionOutput::show_boxes_of_persons(Prediction& prediction, const Box& box) {
  for (Detection& pose : prediction.detections) pose.box = box;
  const auto width = static_cast<double>(prediction.width), height = static_cast<double>(prediction.height);
  const bool is_outside = box.x1 <= 0 || box.y1 <= 0 || box.x0 >= width || box.y0 >= height;
  num_outside_ += is_outside && !prediction.detections.empty();
}

// Of a task that shows what it learns instead of predicting.
void PredictionOutput::add_rows(const AnsweredBatch& answered, std::vector<Json> attention) {
  const std::vector<std::vector<Image>> rows = task_.pictures(answered.answers, answered.question);
  const std::vector<ImageRange> samples = answered.batch.samples();
  for (size_t i = 0; i < samples.size(); ++i) {
    const BatchImage& image = answered.batch.images[static_cast<size_t>(samples[i].first)];
    Json record = Json::object();
    record.set("width", image.placement.original_width()).set("height", image.placement.original_height());
    put_record(image.key.id, std::move(record), of_sample(attention, i));
    originals_.take(image.key.id);  // shown in what the task draws
    if (settings_.pictures)
      put_picture(settings_.folder / picture_name(image.key.id), grid({rows.at(i)}, task_.picture_titles(), kGapPx));
  }
}

void PredictionOutput::gather(int64_t image, Prediction prediction, Json::Array attention) {
  std::shared_ptr<const Image> original = originals_.take(image);
  if (gathered_ && gathered_->image == image) {
    std::ranges::move(prediction.detections, std::back_inserter(gathered_->prediction.detections));
    std::ranges::move(attention, std::back_inserter(gathered_->attention));
    return;
  }
  write_gathered();
  gathered_ = {image, std::move(prediction), std::move(original), std::move(attention)};
}

void PredictionOutput::write_gathered() {
  if (!gathered_) return;
  put_best_first(gathered_->prediction.detections, gathered_->attention);
  const auto done = std::make_shared<const Gathered>(std::move(*gathered_));
  gathered_.reset();
  for (const Detection& found : done->prediction.detections) best_score_ = std::max(found.score, best_score_.value_or(0));
  put_record(done->image, prediction_record(done->prediction, images_.vocabulary(), images_.stem(done->image)),
             done->attention);
  background_.add([this, done] {
    if (list_) put_prediction_maps(settings_.folder, images_.stem(done->image), done->prediction);
    if (!settings_.pictures) return;
    const std::string name = fs::path(images_.name(done->image)).filename().string();
    put_picture(settings_.folder / picture_name(done->image),
                prediction_picture(*done->original, name, done->prediction, images_.vocabulary(), settings_.score));
  });
}

void PredictionOutput::put_record(int64_t image, Json record, Json::Array attention) {
  is_predicted_[static_cast<size_t>(image)] = true;
  ++num_images_;
  const SizePx listed = images_.listed_size(image);
  const SizePx size{record.at("height").as_int(), record.at("width").as_int()};
  num_of_other_size_ += listed.is_known() && listed != size;
  if (!list_) return;
  Json all = Json::object();
  all.set("file", name_to_utf8(images_.name(image))).set("name", images_.stem(image));
  all.set("image_id", json_of(images_.image_id(image)));
  for (const auto& [key, value] : record.as_object()) all.set(key, value);
  if (settings_.pictures) all.set("picture", picture_name(image));
  if (!attention.empty()) all.set("attention", std::move(attention));
  list_->add(all);
}

std::string PredictionOutput::picture_name(int64_t image) const { return "pictures/" + images_.stem(image) + ".jpg"; }

void PredictionOutput::finish() {
  write_gathered();
  background_.finish();
  for (const auto& files : official_) files->finish({files->records()});
  std::vector<std::string> unreadable;
  for (size_t i = 0; i < is_predicted_.size(); ++i)
    if (!is_predicted_[i]) unreadable.push_back(images_.name(static_cast<int64_t>(i)));
  if (list_) list_->finish(unreadable);
}

}  // namespace glid
