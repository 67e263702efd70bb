#include "glid/data/data_config.h"

#include <filesystem>

#include "glid/data/ade20k.h"
#include "glid/data/coco.h"
#include "glid/data/image_folder.h"

namespace glid {

void DataConfig::check(config::Problems& problems) const {
  if (name != DataName::kScenes && root.empty()) {
    problems.add("root", "must name the folder of the data", {}, "or use data.name: scenes, which needs none");
  }
}

std::shared_ptr<const AnnotatedDataset> make_dataset(const DataConfig& config, Split split) {
  switch (config.name) {
    case DataName::kImageNet: return std::make_shared<ImageFolder>(open_imagenet(config.root, split));
    case DataName::kFolder: return std::make_shared<ImageFolder>(open_folder(config.root, split));
    case DataName::kCoco: return std::make_shared<Coco>(config.root, split, CocoKind::kInstances);
    case DataName::kCocoPose: return std::make_shared<Coco>(config.root, split, CocoKind::kKeypoints);
    case DataName::kAde20k: return std::make_shared<Ade20k>(config.root, split);
    case DataName::kNyuDepth: return std::make_shared<NyuDepthV2>(config.root, split, config.nyu_depth);
    case DataName::kVoc: return std::make_shared<Voc>(config.root, split, config.voc);
    case DataName::kPairs: return std::make_shared<Pairs>(config.root, split, config.pairs);
    case DataName::kScenes: break;
  }
  return std::make_shared<Scenes>(config.scenes, split);
}

bool has_split(const DataConfig& config, Split split) {
  switch (config.name) {
    case DataName::kCoco: return Coco::has(config.root, split, CocoKind::kInstances);
    case DataName::kCocoPose: return Coco::has(config.root, split, CocoKind::kKeypoints);
    case DataName::kAde20k: return Ade20k::has(config.root, split);
    case DataName::kNyuDepth: return NyuDepthV2::has(config.root, split, config.nyu_depth);
    case DataName::kVoc: return Voc::has(config.root, split);
    case DataName::kPairs: return Pairs::has(config.root, split);
    default: return true;
  }
}

}  // namespace glid
