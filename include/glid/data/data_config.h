// The block `data` of a configuration, and the dataset it describes (no LibTorch).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "glid/config/fields.h"
#include "glid/data/dataset.h"
#include "glid/data/scenes.h"

namespace glid {

enum class DataName { kImageNet, kFolder, kScenes };

constexpr auto enum_names(DataName) {
  return std::to_array<config::Named<DataName>>(
      {{DataName::kImageNet, "imagenet"}, {DataName::kFolder, "folder"}, {DataName::kScenes, "scenes"}});
}

struct DataConfig {
  DataName name = DataName::kImageNet;
  std::string root;
  int64_t image_size = 192;
  int64_t workers = 2;
  int64_t max_bad_files = 100;
  Scenes::Config scenes;

  template <class V>
  void fields(V& v) {
    v("name", name, "imagenet: root/{train,val}/<class>/...; folder: all images below root; scenes: generated, no files");
    v("root", root, "folder of the images; scenes don't use it");
    v("image_size", image_size, "side of the network's input in pixels", config::positive());
    v("workers", workers, "decode threads; 0 decodes in the training thread", config::non_negative());
    v("max_bad_files", max_bad_files, "different unreadable files, of each rank, before the run stops",
      config::non_negative());
    v("scenes", scenes, "for data.name: scenes");
  }
  void check(config::Problems& problems) const;
};

// Opens the data. Throws DataError when it is missing or empty.
std::shared_ptr<const Dataset> make_dataset(const DataConfig& config, Split split);

}  // namespace glid
