#include "glid/data/data_config.h"

#include <filesystem>

#include "glid/data/image_folder.h"

namespace glid {

void DataConfig::check(config::Problems& problems) const {
  if (name != DataName::kScenes && root.empty()) {
    problems.add("root", "must name the folder of the images", {}, "or use data.name: scenes, which needs none");
  }
}

std::shared_ptr<const Dataset> make_dataset(const DataConfig& config, Split split) {
  switch (config.name) {
    case DataName::kImageNet: return std::make_shared<ImageFolder>(open_imagenet(config.root, split));
    case DataName::kFolder: return std::make_shared<ImageFolder>(open_folder(config.root, split));
    case DataName::kScenes: break;
  }
  return std::make_shared<Scenes>(config.scenes, split);
}

}  // namespace glid
