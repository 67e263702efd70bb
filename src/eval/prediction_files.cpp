#include "glid/eval/prediction_files.h"

#include <algorithm>
#include <numeric>

#include "glid/core/disk_error.h"
#include "glid/core/error.h"
#include "glid/core/utf8.h"
#include "glid/data/coco_records.h"
#include "glid/data/panoptic_records.h"
#include "glid/formats/coco_json.h"
#include "glid/formats/label_map.h"
#include "glid/formats/npy.h"
#include "glid/geometry/box.h"
#include "result_writers.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr const char *kSemanticFolder = "semantic", *kPanopticFolder = "panoptic", *kDepthFolder = "depth";

Json detection_record(const Detection& detection, const Vocabulary& vocabulary) {
  const BoxXywh box = to_xywh(detection.box);
  Json record = class_record(vocabulary.objects.at(static_cast<size_t>(detection.category)));
  record.set("score", detection.score).set("bbox", Json::Array{box.x, box.y, box.width, box.height});
  if (detection.query) record.set("query", *detection.query);
  if (!detection.mask.counts.empty()) record.set("segmentation", segmentation_of(detection.mask));
  if (detection.keypoints.empty()) return record;
  Json::Array joints;
  for (const ScoredKeypoint& joint : detection.keypoints)
    joints.insert(joints.end(), {joint.x - kCocoJointOffset, joint.y - kCocoJointOffset, joint.score});
  return record.set("keypoints", std::move(joints));
}

Json detection_records(const Prediction& prediction, const Vocabulary& vocabulary) {
  Json::Array records;
  for (const Detection& detection : prediction.detections) records.push_back(detection_record(detection, vocabulary));
  return records;
}

Json label_records(const Prediction& prediction, const Vocabulary& vocabulary) {
  std::vector<size_t> order(prediction.label_scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](size_t i) { return prediction.label_scores[i]; });
  order.resize(std::min(order.size(), static_cast<size_t>(kNumLabels)));
  Json::Array records;
  for (const size_t i : order)
    records.push_back(class_record(vocabulary.images.at(i)).set("score", prediction.label_scores[i]));
  return records;
}

Json segment_records(const Panoptic& panoptic, const Vocabulary& vocabulary) {
  const std::vector<PanopticSegment> segments = panoptic_segments(panoptic, vocabulary.segments);
  Json::Array records;
  for (size_t i = 0; i < segments.size(); ++i) {
    const auto category = static_cast<size_t>(panoptic.segments[i].category);
    records.push_back(class_record(vocabulary.segments.at(category))
                          .set("id", segments[i].id)
                          .set("is_thing", bool(vocabulary.is_thing.at(category)))
                          .set("area", static_cast<int64_t>(*segments[i].area)));
  }
  return records;
}

std::string below(const char* folder, const std::string& name, const char* extension) {
  return std::string(folder) + "/" + name + extension;
}

bool tells_of_objects(const Prediction& prediction) {
  return !prediction.detections.empty() || (prediction.label_scores.empty() && prediction.semantic.empty() &&
                                            prediction.panoptic.ids.empty() && prediction.depth.empty());
}

}  // namespace

Json class_record(const Vocabulary::Class& c) {
  return Json::object().set("category", to_utf8(c.name)).set("category_id", c.id);
}

Json prediction_record(const Prediction& prediction, const Vocabulary& vocabulary, const std::string& name) {
  Json record = Json::object();
  record.set("width", prediction.width).set("height", prediction.height);
  if (!prediction.label_scores.empty()) record.set("labels", label_records(prediction, vocabulary));
  if (tells_of_objects(prediction)) record.set("detections", detection_records(prediction, vocabulary));
  if (!prediction.semantic.empty()) record.set("semantic", below(kSemanticFolder, name, ".png"));
  if (!prediction.panoptic.ids.empty()) {
    record.set("segments", segment_records(prediction.panoptic, vocabulary));
    record.set("panoptic", below(kPanopticFolder, name, ".png"));
  }
  if (!prediction.depth.empty()) record.set("depth", below(kDepthFolder, name, ".npy"));
  return record;
}

void put_prediction_maps(const fs::path& folder, const std::string& name, const Prediction& prediction) {
  const int64_t height = prediction.height, width = prediction.width;
  if (!prediction.semantic.empty())
    put_map(folder / kSemanticFolder, name, ".png", encode_label_png({height, width, prediction.semantic}));
  if (!prediction.panoptic.ids.empty())
    put_map(folder / kPanopticFolder, name, ".png", encode_panoptic_png({height, width, prediction.panoptic.ids}));
  if (!prediction.depth.empty())
    put_map(folder / kDepthFolder, name, ".npy", encode_npy(NpyArray::from(std::span(prediction.depth), {height, width})));
}

PredictionList::PredictionList(const fs::path& folder, const Json& head)
    : file_((folder / "predictions.json").string()), out_(file_, std::ios::binary) {
  const std::string text = head.dump();
  out_ << text.substr(0, text.size() - 1) << ",\"images\":[";  // goes on in the same object
  require_written();
}

void PredictionList::require_written() {
  if (!out_) throw_disk_error(file_, "can't be written");
}

void PredictionList::add(const Json& record) {
  out_ << (is_first_ ? "\n" : ",\n") << record.dump();
  is_first_ = false;
  require_written();
}

void PredictionList::finish(const std::vector<std::string>& unreadable) {
  Json::Array files;
  for (const std::string& file : unreadable) files.push_back(name_to_utf8(file));
  out_ << "],\n\"unreadable\":" << Json(std::move(files)).dump() << "}\n";
  out_.flush();
  require_written();
}

}  // namespace glid
