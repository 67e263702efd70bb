// Results that are records of a JSON file: COCO's lists and panoptic segmentation.
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "glid/core/disk_error.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/join.h"
#include "glid/core/json.h"
#include "glid/data/panoptic_records.h"
#include "glid/formats/label_map.h"
#include "measures.h"
#include "result_writers.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// Answers of this rank's samples in a file of its own, until one rank joins all: half a million masks on COCO.
class Spool {
 public:
  explicit Spool(const fs::path& folder) : file_((folder / ".results.XXXXXX").string()) {
    const int descriptor = mkstemp(file_.data());
    if (descriptor >= 0) close(descriptor);
    out_.open(file_, std::ios::binary);
  }
  const std::string& file() const { return file_; }
  // Where it lies.
  int64_t append(const std::string& text) {
    const int64_t at = size_;
    size_ += std::ssize(text);
    if (!(out_ << text)) throw_disk_error(file_, "can't be written");
    return at;
  }
  // Nothing follows: what is closed here another host may read from a shared folder.
  void close_file() {
    out_.close();
    if (!out_) throw_disk_error(file_, "can't be written");
  }

 private:
  std::string file_;
  std::ofstream out_;
  int64_t size_ = 0;
};

// A sample's part of the files.
struct SampleRecords {
  int64_t id = 0;
  std::vector<std::string> results;
  CocoPart truth;
};

// The same with its results in a spool.
struct SpooledSample {
  int64_t id = 0;
  std::string file;
  int64_t first = 0, size = 0;  // bytes; none where there are no results
  CocoPart truth;
};

Json::Array to_array(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

std::vector<std::string> to_texts(const Json& array) {
  std::vector<std::string> texts;
  for (const Json& text : array.as_array()) texts.push_back(text.as_string());
  return texts;
}

void append(const Json& of_rank, std::vector<SpooledSample>& all) {
  for (const Json& sample : of_rank.at("samples").as_array()) {
    const Json::Array& parts = sample.as_array();
    all.push_back({.id = parts.at(0).as_int(),
                   .file = of_rank.at("file").as_string(),
                   .first = parts.at(1).as_int(),
                   .size = parts.at(2).as_int(),
                   .truth = {parts.at(3).as_string(), to_texts(parts.at(4))}});
  }
}

std::string read_part(std::map<std::string, std::ifstream>& spools, const SpooledSample& sample) {
  std::ifstream& in = spools.try_emplace(sample.file, sample.file, std::ios::binary).first->second;
  std::string text(static_cast<size_t>(sample.size), '\0');
  in.seekg(sample.first);
  if (!in.read(text.data(), sample.size))
    throw Error(ExitCode::kInternal, sample.file, "can't be read back", {}, "--out must be one folder for all ranks");
  return text;
}

// Their results one a line, with commas between.
void put_results(const std::vector<SpooledSample>& samples, std::ostream& out) {
  std::map<std::string, std::ifstream> spools;
  const char* between = "";
  for (const SpooledSample& sample : samples) {
    if (sample.size == 0) continue;
    out << between << read_part(spools, sample);
    between = ",\n";
  }
}

class RecordFiles : public ResultFiles {
 public:
  RecordFiles(const AnnotatedDataset& dataset, const fs::path& folder, const ResultFormat& format)
      : dataset_(dataset), folder_(folder), has_truth_(format.truth), spool_(made(folder, format)) {}
  void add(const PredictedSample& sample) override {
    SampleRecords records = records_of(sample);
    const std::string text = join(records.results, ",\n");
    samples_.push_back({records.id, {}, spool_.append(text), std::ssize(text), std::move(records.truth)});
  }
  std::string records() override {
    spool_.close_file();
    Json::Array all;
    for (const SpooledSample& sample : samples_)
      all.push_back(
          Json::Array{sample.id, sample.first, sample.size, sample.truth.image, to_array(sample.truth.annotations)});
    Json json = Json::object();
    return json.set("file", spool_.file()).set("samples", std::move(all)).dump();
  }
  void finish(const std::vector<std::string>& records) override {
    std::vector<SpooledSample> all;
    std::vector<std::string> spools;
    for (const std::string& of_rank : records) {
      const Json json = Json::parse(of_rank, "a rank's results");
      append(json, all);
      spools.push_back(json.at("file").as_string());
    }
    std::ranges::sort(all, {}, &SpooledSample::id);
    std::vector<CocoPart> truths;
    for (SpooledSample& sample : all) truths.push_back(std::move(sample.truth));
    write([&all](std::ostream& out) { put_results(all, out); }, truths);
    for (const std::string& spool : spools) fs::remove(spool);
  }

 protected:
  virtual SampleRecords records_of(const PredictedSample& sample) const = 0;
  using PutResults = std::function<void(std::ostream&)>;
  virtual void write(const PutResults& put_results, const std::vector<CocoPart>& truths) const = 0;

  CocoPicture picture_of(const PredictedSample& sample) const {
    return {dataset_.image_id(sample.id), fs::path(sample.name).filename().string(), sample.prediction.height,
            sample.prediction.width};
  }

  const AnnotatedDataset& dataset_;
  fs::path folder_;
  bool has_truth_;

 private:
  static const fs::path& made(const fs::path& folder, const ResultFormat& format) {
    fs::create_directories(format.truth ? folder / "truth" : folder);
    return folder;
  }

  Spool spool_;
  std::vector<SpooledSample> samples_;
};

// What a detection says beside its image, class and score.
void add_shape(const BoxSettings&, const Detection& detection, Json& record) {
  const BoxXywh box = to_xywh(detection.box);
  record.set("bbox", Json::Array{box.x, box.y, box.width, box.height});
}

void add_shape(const MaskSettings&, const Detection& detection, Json& record) {
  record.set("segmentation", segmentation_of(detection.mask));
}

template <class Settings>
class CocoFiles : public RecordFiles {
 public:
  CocoFiles(const AnnotatedDataset& dataset, const fs::path& folder, const ResultFormat& format)
      : RecordFiles(dataset, folder, format), classes_(coco_classes(dataset.vocabulary())) {}

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
  void write(const PutResults& put_results, const std::vector<CocoPart>& truths) const override {
    put_coco(folder_, Settings::kName, put_results, has_truth_ ? coco_file(truths, classes_) : "");
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
    CocoPart truth;
    if (has_truth_) truth = put(folder_ / "truth", sample.truth.panoptic);
    return {sample.id, put(folder_, sample.prediction.panoptic).annotations, std::move(truth)};
  }
  void write(const PutResults& put_results, const std::vector<CocoPart>& truths) const override {
    const std::string name = std::string(PanopticSettings::kName) + ".json";
    std::ostringstream results;  // the maps are in files of their own: this is little
    put_results(results);
    put_file(folder_ / name, panoptic_file(std::vector{results.str()}, dataset_.vocabulary()));
    if (has_truth_) put_file(folder_ / "truth" / name, panoptic_file(truths, dataset_.vocabulary()));
  }
};

}  // namespace

std::vector<CocoClass> coco_classes(const Vocabulary& vocabulary) {
  std::vector<CocoClass> classes;
  for (const Vocabulary::Class& object : vocabulary.objects)
    classes.push_back({object.id, object.name, vocabulary.joints, vocabulary.limbs});
  return classes;
}

void put_coco(const fs::path& folder, std::string_view task, const std::function<void(std::ostream&)>& put_results,
              const std::string& truth) {
  const std::string name = std::string(task) + ".json";
  std::ofstream out(folder / name, std::ios::binary);
  out << '[';
  put_results(out);
  out << "]\n";
  if (!out.flush()) throw_disk_error(folder / name, "can't be written");
  if (truth.empty()) return;
  fs::create_directories(folder / "truth");
  put_file(folder / "truth" / name, truth);
}

std::unique_ptr<ResultFiles> result_files_of(const BoxSettings&, const AnnotatedDataset& dataset, const fs::path& folder,
                                             const ResultFormat& format) {
  return std::make_unique<CocoFiles<BoxSettings>>(dataset, folder, format);
}

std::unique_ptr<ResultFiles> result_files_of(const MaskSettings&, const AnnotatedDataset& dataset, const fs::path& folder,
                                             const ResultFormat& format) {
  return std::make_unique<CocoFiles<MaskSettings>>(dataset, folder, format);
}

std::unique_ptr<ResultFiles> result_files_of(const PanopticSettings&, const AnnotatedDataset& dataset,
                                             const fs::path& folder, const ResultFormat& format) {
  return std::make_unique<PanopticFiles>(dataset, folder, format);
}

}  // namespace glid
