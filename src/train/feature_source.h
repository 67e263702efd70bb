// What --encoder or --checkpoint names, as something that gives features.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "glid/eval/feature_net.h"
#include "glid/model/model_config.h"
#include "glid/train/feature_programs.h"

namespace glid {

struct FeatureSource {
  std::filesystem::path weights;
  std::optional<ModelConfig> model;  // of a run, whose decoder answers [CLS]
  FeatureOptions options;
  std::string why_size;  // in words
};

// Reads no weights. `own_stages` are the program's. Throws UsageError for options that contradict each other or that the
// weights can't answer, DataError for a place without weights.
FeatureSource open_feature_source(const FeatureArguments& arguments, const std::vector<int64_t>& own_stages);

// Of an encoder without a pyramid the options are about its last map, where `arguments` name none. Throws UsageError where
// they name others.
std::shared_ptr<FeatureNet> load_net(FeatureSource& source, const FeatureArguments& arguments);

// For the head of a file: "model", "weights" and "weights_sha256".
std::map<std::string, std::string> description_of(const FeatureSource& source, const FeatureNet& net);

}  // namespace glid
