// Results that are records of a JSON file: COCO's lists and panoptic segmentation.
#include <algorithm>

#include "glid/core/files.h"
#include "glid/core/json.h"
#include "glid/data/panoptic_records.h"
#include "glid/formats/label_map.h"
#include "measures.h"
#include "result_writers.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// A sample's part of the files.
struct SampleRecords {
  int64_t id = 0;
  std::vector<std::string> results;
  CocoPart truth;
};

Json::Array to_array(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

std::vector<std::string> to_texts(const Json& array) {
  std::vector<std::string> texts;
  for (const Json& text : array.as_array()) texts.push_back(text.as_string());
  return texts;
}

void append(const Json& of_rank, std::vector<SampleRecords>& all) {
  for (const Json& sample : of_rank.as_array()) {
    const Json::Array& parts = sample.as_array();
    all.push_back({parts.at(0).as_int(), to_texts(parts.at(1)), {parts.at(2).as_string(), to_texts(parts.at(3))}});
  }
}

class RecordFiles : public ResultFiles {
 public:
  RecordFiles(const AnnotatedDataset& dataset, const fs::path& folder) : dataset_(dataset), folder_(folder) {
    fs::create_directories(folder / "truth");
  }
  void add(const PredictedSample& sample) override { samples_.push_back(records_of(sample)); }
  std::string records() const override {
    Json::Array all;
    for (const SampleRecords& sample : samples_)
      all.push_back(
          Json::Array{sample.id, to_array(sample.results), sample.truth.image, to_array(sample.truth.annotations)});
    return Json(std::move(all)).dump();
  }
  void finish(const std::vector<std::string>& records) override {
    std::vector<SampleRecords> all;
    for (const std::string& of_rank : records) append(Json::parse(of_rank, "a rank's results"), all);
    std::ranges::sort(all, {}, &SampleRecords::id);
    std::vector<std::string> results;
    std::vector<CocoPart> truths;
    for (SampleRecords& sample : all) {
      std::ranges::move(sample.results, std::back_inserter(results));
      truths.push_back(std::move(sample.truth));
    }
    write(results, truths);
  }

 protected:
  virtual SampleRecords records_of(const PredictedSample& sample) const = 0;
  virtual void write(const std::vector<std::string>& results, const std::vector<CocoPart>& truths) const = 0;

  CocoPicture picture_of(const PredictedSample& sample) const {
    return {dataset_.image_id(sample.id), fs::path(sample.name).filename().string(), sample.prediction.height,
            sample.prediction.width};
  }

  const AnnotatedDataset& dataset_;
  fs::path folder_;

 private:
  std::vector<SampleRecords> samples_;
};

// What a detection says beside its image, class and score.
void add_shape(const BoxSettings&, const Detection& detection, Json& record) {
  const BoxXywh box = to_xywh(detection.box);
  record.set("bbox", Json::Array{box.x, box.y, box.width, box.height});
}

void add_shape(const MaskSettings&, const Detection& detection, Json& record) {
  record.set("segmentation", Json::object()
                                 .set("size", Json::Array{detection.mask.height, detection.mask.width})
                                 .set("counts", rle_to_string(detection.mask)));
}

template <class Settings>
class CocoFiles : public RecordFiles {
 public:
  CocoFiles(const AnnotatedDataset& dataset, const fs::path& folder)
      : RecordFiles(dataset, folder), classes_(coco_classes(dataset.vocabulary())) {}

 protected:
  SampleRecords records_of(const PredictedSample& sample) const override {
    const CocoPicture picture = picture_of(sample);
    SampleRecords records{sample.id, {}, coco_part(picture, sample.truth.instances, classes_)};
    for (const Detection& detection : sample.prediction.detections) {
      Json record = Json::object();
      record.set("image_id", json_of(picture.id));
      record.set("category_id", classes_.at(static_cast<size_t>(detection.category)).id).set("score", detection.score);
      add_shape(Settings(), detection, record);
      records.results.push_back(record.dump());
    }
    return records;
  }
  void write(const std::vector<std::string>& results, const std::vector<CocoPart>& truths) const override {
    put_coco(folder_, Settings::kName, results, coco_file(truths, classes_));
  }

 private:
  std::vector<CocoClass> classes_;
};

class PanopticFiles : public RecordFiles {
 public:
  using RecordFiles::RecordFiles;

 protected:
  SampleRecords records_of(const PredictedSample& sample) const override {
    const CocoPicture picture = picture_of(sample);
    const auto put = [&](const fs::path& folder, const Panoptic& panoptic) {
      put_map(folder / PanopticSettings::kName, stem_of(picture.id), ".png",
              encode_panoptic_png({picture.height, picture.width, panoptic.ids}));
      return panoptic_part(picture, stem_of(picture.id) + ".png", panoptic, dataset_.vocabulary().segments);
    };
    CocoPart truth = put(folder_ / "truth", sample.truth.panoptic);
    return {sample.id, put(folder_, sample.prediction.panoptic).annotations, std::move(truth)};
  }
  void write(const std::vector<std::string>& results, const std::vector<CocoPart>& truths) const override {
    const std::string name = std::string(PanopticSettings::kName) + ".json";
    put_file(folder_ / name, panoptic_file(results, dataset_.vocabulary()));
    put_file(folder_ / "truth" / name, panoptic_file(truths, dataset_.vocabulary()));
  }
};

}  // namespace

std::vector<CocoClass> coco_classes(const Vocabulary& vocabulary) {
  std::vector<CocoClass> classes;
  for (const Vocabulary::Class& object : vocabulary.objects)
    classes.push_back({object.id, object.name, vocabulary.joints, vocabulary.limbs});
  return classes;
}

void put_coco(const fs::path& folder, std::string_view task, const std::vector<std::string>& results,
              const std::string& truth) {
  const std::string name = std::string(task) + ".json";
  fs::create_directories(folder / "truth");
  put_file(folder / name, json_list(results) + "\n");
  put_file(folder / "truth" / name, truth);
}

std::unique_ptr<ResultFiles> result_files_of(const BoxSettings&, const AnnotatedDataset& dataset, const fs::path& folder,
                                             const ResultFormat&) {
  return std::make_unique<CocoFiles<BoxSettings>>(dataset, folder);
}

std::unique_ptr<ResultFiles> result_files_of(const MaskSettings&, const AnnotatedDataset& dataset, const fs::path& folder,
                                             const ResultFormat&) {
  return std::make_unique<CocoFiles<MaskSettings>>(dataset, folder);
}

std::unique_ptr<ResultFiles> result_files_of(const PanopticSettings&, const AnnotatedDataset& dataset,
                                             const fs::path& folder, const ResultFormat&) {
  return std::make_unique<PanopticFiles>(dataset, folder);
}

}  // namespace glid
