// Poses as a COCO result list: persons are samples, and those of an image meet before any of them is written.
#include <map>
#include <ostream>

#include "ap_settings.h"
#include "glid/core/join.h"
#include "glid/core/json.h"
#include "glid/metrics/pose_precision.h"
#include "measures.h"
#include "result_writers.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

class PoseFiles : public ResultFiles {
 public:
  PoseFiles(const KeypointSettings& settings, const AnnotatedDataset& dataset, const fs::path& folder,
            const ResultFormat& format)
      : parameters_(ap_parameters(settings)),
        dataset_(dataset),
        folder_(folder),
        has_truth_(format.truth),
        classes_(coco_classes(dataset.vocabulary())),
        poses_(parameters_) {}

  void add(const PredictedSample& sample) override {
    add_person(sample, parameters_.keypoint_sigmas.size(), poses_);
    const ImageId id = dataset_.image_id(sample.id);
    Truth& truth = truths_[sample.truth.person->image];
    if (!truth.image_id.empty()) return;
    const std::string file = fs::path(dataset_.image_name(sample.id)).filename().string();
    truth = {json_of(id).dump(),
             coco_part({id, file, sample.prediction.height, sample.prediction.width}, sample.truth.instances, classes_)};
  }

  // The length of the truths' JSON, that, and the poses' bytes.
  std::string records() override {
    Json::Array truths;
    for (const auto& [image, truth] : truths_)
      truths.push_back(Json::Array{image, truth.image_id, truth.part.image,
                                   Json::Array(truth.part.annotations.begin(), truth.part.annotations.end())});
    const std::string text = Json(std::move(truths)).dump();
    return std::to_string(text.size()) + "\n" + text + poses_.to_bytes();
  }

  void finish(const std::vector<std::string>& records) override {
    PosePrecision poses(parameters_);
    std::map<int64_t, Truth> truths;
    for (const std::string& of_rank : records) {
      const size_t end = of_rank.find('\n'), size = std::stoul(of_rank);
      take(Json::parse(of_rank.substr(end + 1, size), "a rank's results"), truths);
      poses.merge_bytes(of_rank.substr(end + 1 + size));
    }
    std::vector<std::string> results;
    std::vector<CocoPart> parts;
    for (const auto& [image, truth] : truths) {
      if (!poses.is_whole(image)) continue;  // nor does the measure count it
      for (const EstimatedPose& pose : poses.poses_of(image)) results.push_back(result_of(truth.image_id, pose));
      parts.push_back(truth.part);
    }
    put_coco(
        folder_, KeypointSettings::kName, [&](std::ostream& out) { out << join(results, ",\n"); },
        has_truth_ ? coco_file(parts, classes_) : "");
  }

 private:
  // By Person::image.
  struct Truth {
    std::string image_id;  // as JSON
    CocoPart part;
  };

  static void take(const Json& of_rank, std::map<int64_t, Truth>& truths) {
    for (const Json& entry : of_rank.as_array()) {
      const Json::Array& parts = entry.as_array();
      Truth truth{parts.at(1).as_string(), {parts.at(2).as_string(), {}}};
      for (const Json& annotation : parts.at(3).as_array()) truth.part.annotations.push_back(annotation.as_string());
      truths.emplace(parts.at(0).as_int(), std::move(truth));
    }
  }

  std::string result_of(const std::string& image_id, const EstimatedPose& pose) const {
    Json record = Json::object();
    record.set("category_id", classes_.at(0).id).set("keypoints", Json::Array(pose.joints.begin(), pose.joints.end()));
    return "{\"image_id\":" + image_id + "," + record.set("score", pose.score).dump().substr(1);
  }

  ApParameters parameters_;
  const AnnotatedDataset& dataset_;
  fs::path folder_;
  bool has_truth_;
  std::vector<CocoClass> classes_;
  PosePrecision poses_;
  std::map<int64_t, Truth> truths_;
};

}  // namespace

std::unique_ptr<ResultFiles> result_files_of(const KeypointSettings& settings, const AnnotatedDataset& dataset,
                                             const fs::path& folder, const ResultFormat& format) {
  return std::make_unique<PoseFiles>(settings, dataset, folder, format);
}

}  // namespace glid
