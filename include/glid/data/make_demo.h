// Writes generated scenes as JPEG files in ImageNet's layout: images for a demo without a download.
#pragma once

#include <cstdint>
#include <filesystem>

namespace glid {

struct DemoOptions {
  std::filesystem::path out;
  int64_t count = 2000;  // training images; a tenth as many validation images on top
  int64_t size_px = 128;
  uint64_t seed = 0;
};

// Makes out/{train,val}/<class>/scene_<id>.jpg and out/demo.json; the folder appears whole or not at all. The class is
// the scene's. Returns false, and does nothing, when the same images are there already. Throws UsageError for numbers
// out of range and when `out` holds anything else.
bool make_demo(const DemoOptions& options);

}  // namespace glid
