// The block `data` of a configuration, and the dataset it describes (no LibTorch).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "glid/config/fields.h"
#include "glid/data/dataset.h"
#include "glid/data/nyu_depth.h"
#include "glid/data/pairs.h"
#include "glid/data/scenes.h"
#include "glid/data/voc.h"

namespace glid {

constexpr auto enum_names(Split) {
  return std::to_array<config::Named<Split>>({{Split::kTrain, "train"}, {Split::kVal, "val"}});
}

enum class DataName { kImageNet, kFolder, kScenes, kCoco, kCocoPose, kAde20k, kNyuDepth, kVoc, kPairs };

constexpr auto enum_names(DataName) {
  return std::to_array<config::Named<DataName>>({{DataName::kImageNet, "imagenet"},
                                                 {DataName::kFolder, "folder"},
                                                 {DataName::kScenes, "scenes"},
                                                 {DataName::kCoco, "coco"},
                                                 {DataName::kCocoPose, "coco_pose"},
                                                 {DataName::kAde20k, "ade20k"},
                                                 {DataName::kNyuDepth, "nyu_depth"},
                                                 {DataName::kVoc, "voc"},
                                                 {DataName::kPairs, "pairs"}});
}

struct DataConfig {
  DataName name = DataName::kImageNet;
  std::string root;
  int64_t image_size = 192;
  int64_t workers = 2;
  int64_t max_bad_files = 100;
  NyuDepthV2::Config nyu_depth;
  Voc::Config voc;
  Pairs::Config pairs;
  Scenes::Config scenes;

  template <class V>
  void fields(V& v) {
    v("name", name,
      "imagenet: root/{train,val}/<class>/...; folder: all images below root; scenes: generated, no files; the others: "
      "docs/datasets.md");
    v("root", root, "folder of the data; scenes don't use it");
    v("image_size", image_size, "side of the network's input in pixels", config::positive());
    v("workers", workers, "decode threads; 0 decodes in the training thread", config::non_negative());
    v("max_bad_files", max_bad_files, "different unreadable files, of each rank, before the run stops",
      config::non_negative());
    v("nyu_depth", nyu_depth, "for data.name: nyu_depth");
    v("voc", voc, "for data.name: voc");
    v("pairs", pairs, "for data.name: pairs");
    v("scenes", scenes, "for data.name: scenes");
  }
  void check(config::Problems& problems) const;
};

// Opens the data. Throws DataError when it is missing or empty.
std::shared_ptr<const AnnotatedDataset> make_dataset(const DataConfig& config, Split split);

// Whether the files of a split are there; of imagenet and folder both are, as one is cut out of the other where need be.
bool has_split(const DataConfig& config, Split split);

}  // namespace glid
