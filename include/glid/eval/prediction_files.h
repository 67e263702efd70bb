// Predictions as one JSON file and maps, for anybody who has images and no annotations (docs/predict.md; no LibTorch).
//
//   FOLDER/predictions.json
//   FOLDER/semantic/NAME.png     labels from 0, indices into vocabulary.labels
//   FOLDER/panoptic/NAME.png     ids of segments as COCO's panoptic PNGs have them
//   FOLDER/depth/NAME.npy        metres
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "glid/core/json.h"
#include "glid/data/dataset.h"
#include "glid/data/prediction.h"

namespace glid {

// Its category and category_id.
Json class_record(const Vocabulary::Class& c);

// What the file says of an image: its size, then what is predicted. Boxes, masks and joints are as in COCO's results, all of
// them with their scores; of classes of the image the best kNumLabels, the best first; maps are named where there are some.
inline constexpr int64_t kNumLabels = 5;
Json prediction_record(const Prediction& prediction, const Vocabulary& vocabulary, const std::string& name);

// Writes the maps. Safe to call from several threads, of different names.
void put_prediction_maps(const std::filesystem::path& folder, const std::string& name, const Prediction& prediction);

// predictions.json, written as images come: `head`, then "images", one a line, then "unreadable". The folder is there.
// Throws Error (kInternal) where it can't be written.
class PredictionList {
 public:
  PredictionList(const std::filesystem::path& folder, const Json& head);

  void add(const Json& record);
  void finish(const std::vector<std::string>& unreadable);

 private:
  void require_written();

  std::string file_;
  std::ofstream out_;
  bool is_first_ = true;
};

}  // namespace glid
