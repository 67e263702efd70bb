// Features of whole images in a file: what people use for PCA pictures, retrieval and probes of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "glid/data/image_list.h"
#include "glid/eval/feature_net.h"
#include "glid/eval/feature_options.h"

namespace glid {

struct FeaturesRequest {
  FeatureOptions options;
  FeatureType type = FeatureType::kFp32;
  std::filesystem::path input;                  // an image, a folder of them or a list (list_images)
  std::filesystem::path output;                 // .safetensors
  std::map<std::string, std::string> metadata;  // of the file, beside what the options say
};

struct FeaturesWritten {
  int64_t images = 0;
  int64_t bad_files = 0;
  std::vector<NamedImage> written;  // that features were written of, in their order
};

// For every image "<its name in list_images()>/<name>" with FeatureOptions::names(), in the shapes of FeatureNet::shapes().
// Its square is normalised with ImageNet's mean and deviation. Hidden files don't count; an image
// of a folder that can't be read is named in the log and left out. The file's metadata tell transform, image_size, stages,
// pool, dtype, pixel_mean and pixel_deviation (of pixels 0..255). The file is written as it is computed and renamed when
// complete; nothing is left behind otherwise. Throws UsageError for a size that units don't divide, and DataError for an
// input that is missing, more than max_bad_files unreadable images or no other.
FeaturesWritten extract_features(const FeatureNet& net, const FeaturesRequest& request);

// Throws as extract_features() does, before weights are read: DataError for an input without images, UsageError where the
// output would replace an image or `weights`.
void require_apart(const FeaturesRequest& request, const std::filesystem::path& weights);

}  // namespace glid
