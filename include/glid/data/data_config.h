// The block `data` of a configuration, and the dataset it describes (no LibTorch).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "glid/config/fields.h"
#include "glid/data/ade20k.h"
#include "glid/data/coco.h"
#include "glid/data/coco_panoptic.h"
#include "glid/data/dataset.h"
#include "glid/data/image_folder.h"
#include "glid/data/nyu_depth.h"
#include "glid/data/pairs.h"
#include "glid/data/scenes.h"
#include "glid/data/shards.h"
#include "glid/data/voc.h"

namespace glid {

constexpr auto enum_names(Split) {
  return std::to_array<config::Named<Split>>({{Split::kTrain, "train"}, {Split::kVal, "val"}});
}

// The closed list of datasets.
using DatasetConfig =
    std::variant<ImageNetConfig, FolderConfig, Scenes::Config, CocoConfig, CocoPoseConfig, CocoPanoptic::Config,
                 Ade20k::Config, NyuDepthV2::Config, Voc::Config, Pairs::Config, Shards::Config>;

// Of the network's input. Photographs of usual forms can be brought to twice that, as detection does, within
// kMaxImagePixels.
inline constexpr double kMaxSidePx = 4096;

struct DataConfig {
  DatasetConfig dataset;
  int64_t image_size = 192;
  int64_t workers = 2;
  int64_t max_bad_files = 100;
  double fraction = 1;
  uint64_t fraction_seed = 0;

  template <class V>
  void fields(V& v) {
    v.variant("name", dataset,
              "imagenet: root/{train,val}/<class>/...; folder: all images below root; shards: tar archives; "
              "scenes: generated, no files; the others: docs/datasets.md");
    v("image_size", image_size, "side of the network's input in pixels", config::in_range(1, kMaxSidePx));
    v("workers", workers, "decode threads; 0 decodes in the training thread", config::in_range(0, 1024));
    v("max_bad_files", max_bad_files, "different unreadable files, of each rank, before the run stops",
      config::non_negative());
    v("fraction", fraction, "part of the training images to train on; a smaller part is within a larger one",
      config::in_range(config::above(0), 1));
    v("fraction_seed", fraction_seed, "draws that part, whatever the run's seed");
  }
};

// What of a dataset somebody uses.
enum class DataUse { kAll, kImages };

// Empty where there are no files.
std::string root_of(const DatasetConfig& config);

// The fraction to train on, of a set that has no fixed size ImageNet-1K's.
PublishedSet published_set(const DataConfig& config);

// The samples of tasks: images, or the persons of coco_pose; to train on, the fraction of them. Where only the images are
// used, samples have no targets, and no annotation that can't be read keeps an image away. Throws DataError when the data is
// missing or empty.
std::shared_ptr<const AnnotatedDataset> make_dataset(const DataConfig& config, Split split, DataUse use = DataUse::kAll);
// The images as they are in the files, for people who look at them. Throws as make_dataset() does.
std::shared_ptr<const AnnotatedDataset> open_images(const DataConfig& config, Split split);

// Whether the files of a split are there; of imagenet and folder both are, as one is cut out of the other where need be.
bool has_split(const DataConfig& config, Split split);

}  // namespace glid
