// What glid_predict writes of answered batches.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "glid/core/background_jobs.h"
#include "glid/core/json.h"
#include "glid/data/image_list.h"
#include "glid/eval/prediction_files.h"
#include "glid/eval/result_files.h"
#include "glid/tasks/task.h"

namespace glid {

// Images as they were read, until what is said of them is drawn: to read a file twice takes as long as to draw it. Safe to
// use from several threads.
class Originals {
 public:
  void put(int64_t id, const Image& image);
  // Nothing where it was taken before.
  std::shared_ptr<const Image> take(int64_t id);

 private:
  std::mutex mutex_;
  std::map<int64_t, std::shared_ptr<const Image>> images_;
};

// The image in the list that a sample shows: its own, or that of the person whom it is about.
int64_t image_of_sample(int64_t id, const Targets& targets);

// Writes a JPEG, and the folders above it.
void put_picture(const std::filesystem::path& file, const Image& picture);

// What is to be written beside the files of `official`.
struct PredictionSettings {
  std::filesystem::path folder;  // is there
  std::optional<Json> head;      // of predictions.json; none: neither that nor its maps
  bool pictures = true;
  double score = 0.5;  // of detections that are drawn
  int64_t threads = 1;
};

class PredictionOutput {
 public:
  // All must live as long.
  PredictionOutput(const PredictionSettings& settings, const Task& task, const ImageList& images, Originals& originals,
                   std::vector<std::unique_ptr<ResultFiles>> official);

  // `attention`: what is said of where queries look, one of each sample or none; it stands in their images' records.
  void add(const AnsweredBatch& answered, std::vector<Json> attention = {});
  // Of all images; those of which nothing came count as unreadable.
  void finish();
  int64_t num_images() const { return num_images_; }
  // Boxes of persons that lie wholly outside of their images.
  int64_t num_outside() const { return num_outside_; }
  // Images that have another size than the list says.
  int64_t num_of_other_size() const { return num_of_other_size_; }
  // Of all detections; none: there is none.
  std::optional<double> best_score() const { return best_score_; }

 private:
  // An image of which more samples may come: persons are samples.
  struct Gathered {
    int64_t image = 0;
    Prediction prediction;
    std::shared_ptr<const Image> original;
    Json::Array attention;
  };

  void show_boxes_of_persons(Prediction& prediction, const Box& box);
  void add_rows(const AnsweredBatch& answered, std::vector<Json> attention);
  void gather(int64_t image, Prediction prediction, Json::Array attention);
  void write_gathered();
  void put_record(int64_t image, Json record, Json::Array attention);
  std::string picture_name(int64_t image) const;

  PredictionSettings settings_;
  const Task& task_;
  const ImageList& images_;
  Originals& originals_;
  std::vector<std::unique_ptr<ResultFiles>> official_;
  std::optional<PredictionList> list_;
  std::vector<bool> is_predicted_;
  int64_t num_images_ = 0, num_outside_ = 0, num_of_other_size_ = 0;
  std::optional<double> best_score_;
  std::optional<Gathered> gathered_;
  BackgroundJobs background_;  // last: its jobs use the others
};

}  // namespace glid
