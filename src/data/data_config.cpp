#include "glid/data/data_config.h"

#include <filesystem>
#include <utility>

#include "glid/core/error.h"
#include "glid/data/filtered_dataset.h"
#include "glid/data/only_images.h"
#include "glid/data/persons.h"
#include "missing_split.h"

namespace glid {
namespace {

using Opened = std::shared_ptr<const AnnotatedDataset>;

Opened open(const ImageNetConfig& config, Split split) {
  return std::make_shared<ImageFolder>(open_imagenet(config.root, split));
}
Opened open(const FolderConfig& config, Split split) {
  return std::make_shared<ImageFolder>(open_folder(config.root, split));
}
Opened open(const CocoConfig& config, Split split) { return std::make_shared<Coco>(config.root, split, config.kFile); }
Opened open(const CocoPoseConfig& config, Split split) { return std::make_shared<Coco>(config.root, split, config.kFile); }
Opened open(const CocoPanoptic::Config& config, Split split) { return std::make_shared<CocoPanoptic>(config, split); }
Opened open(const Scenes::Config& config, Split split) { return std::make_shared<Scenes>(config, split); }
Opened open(const Ade20k::Config& config, Split split) { return std::make_shared<Ade20k>(config, split); }
Opened open(const NyuDepthV2::Config& config, Split split) { return std::make_shared<NyuDepthV2>(config, split); }
Opened open(const Voc::Config& config, Split split) { return std::make_shared<Voc>(config, split); }
Opened open(const Pairs::Config& config, Split split) { return std::make_shared<Pairs>(config, split); }
Opened open(const Shards::Config& config, Split split) { return open_shards(config, split); }

// What tasks see: images, but persons of a set made for poses.
Opened samples(const auto& config, Split split) { return open(config, split); }
Opened samples(const CocoPoseConfig& config, Split split) {
  auto images = std::make_shared<const Coco>(config.root, split, config.kFile);
  return std::make_shared<Persons>(split == Split::kTrain ? Persons::to_train_on(std::move(images))
                                                          : Persons::to_find(std::move(images), config.boxes));
}

// The same without annotations where they lie in files of their own.
Opened images(const auto& config, Split split) { return only_images(open(config, split)); }
Opened images(const Scenes::Config& config, Split split) { return open(config, split); }
Opened images(const Shards::Config& config, Split split) { return open(config, split); }
Opened images(const NyuDepthV2::Config& config, Split split) {
  auto frames = std::make_shared<NyuDepthV2>(config, split);
  return frames->has_files() ? only_images(std::move(frames)) : frames;
}
Opened images(const CocoConfig& config, Split split) {
  return only_images(std::make_shared<Coco>(config.root, split, config.kFile, CocoUse::images()));
}
Opened images(const CocoPoseConfig& config, Split split) {
  return only_images(std::make_shared<Coco>(config.root, split, config.kFile, CocoUse::images()));
}

bool has(const ImageNetConfig&, Split) { return true; }
bool has(const FolderConfig&, Split) { return true; }
bool has(const Scenes::Config&, Split) { return true; }
bool has(const Shards::Config&, Split) { return true; }
bool has(const CocoConfig& config, Split split) { return Coco::has(config.root, split, config.kFile); }
bool has(const CocoPoseConfig& config, Split split) { return Coco::has(config.root, split, config.kFile); }
bool has(const CocoPanoptic::Config& config, Split split) { return CocoPanoptic::has(config, split); }
bool has(const Ade20k::Config& config, Split split) { return Ade20k::has(config, split); }
bool has(const NyuDepthV2::Config& config, Split split) { return NyuDepthV2::has(config, split); }
bool has(const Voc::Config& config, Split split) { return Voc::has(config, split); }
bool has(const Pairs::Config& config, Split split) { return Pairs::has(config, split); }

std::string root(const FilesConfig& config) { return config.root; }
std::string root(const Scenes::Config&) { return {}; }

}  // namespace

std::string root_of(const DatasetConfig& config) {
  return std::visit([](const auto& alternative) { return root(alternative); }, config);
}

PublishedSet published_set(const DataConfig& config) {
  PublishedSet published = std::visit(
      []<class Config>(const Config&) {
        if constexpr (requires { Config::kPublished; }) return Config::kPublished;
        else return ImageNetConfig::kPublished;
      },
      config.dataset);
  published.images = images_of_fraction(published.images, config.fraction);
  return published;
}

std::shared_ptr<const AnnotatedDataset> make_dataset(const DataConfig& config, Split split, DataUse use) {
  Opened all;
  try {
    all = std::visit(
        [&](const auto& alternative) {
          return use == DataUse::kImages ? images(alternative, split) : samples(alternative, split);
        },
        config.dataset);
  } catch (const DataError& error) {
    if (split == Split::kTrain || has_split(config, split)) throw;
    throw DataError(root_of(config.dataset), missing_split(split, error));
  }
  return split == Split::kTrain ? fraction_of(std::move(all), config.fraction, config.fraction_seed) : all;
}

std::shared_ptr<const AnnotatedDataset> open_images(const DataConfig& config, Split split) {
  return std::visit([split](const auto& alternative) { return open(alternative, split); }, config.dataset);
}

bool has_split(const DataConfig& config, Split split) {
  return std::visit([split](const auto& alternative) { return has(alternative, split); }, config.dataset);
}

}  // namespace glid
