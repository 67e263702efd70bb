// Writes generated scenes as files in the layouts of real datasets: data for a demo without a download, and miniatures of
// every format whose truth is known.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

#include "glid/config/value.h"
#include "glid/data/scenes.h"

namespace glid {

// What a reader gets back, to the last bit beside the JPEG's pixels:
//   imagenet   the class of the scene as the folder's name
//   coco       boxes, masks, classes 1 to 6 (instances_*2017.json); joints of one class "object"; segments of the classes 0
//   (background, stuff) to 6 (panoptic_*2017.json)
//   (person_keypoints_*2017.json) ade20k     class c as the c-th thing of ADE20K, the background as its class 0 "wall";
//   instances both as rasters and as
//              ade20k_instance_*.json
//   nyu_depth  depth rounded to the millimetre
//   voc        boxes and classes
//   pairs      labels, 0 for the background and c + 1 for the class c; depth rounded to the millimetre
enum class DemoLayout { kImageNet, kCoco, kAde20k, kNyuDepth, kVoc, kPairs };

constexpr auto enum_names(DemoLayout) {
  return std::to_array<config::Named<DemoLayout>>({{DemoLayout::kImageNet, "imagenet"},
                                                   {DemoLayout::kCoco, "coco"},
                                                   {DemoLayout::kAde20k, "ade20k"},
                                                   {DemoLayout::kNyuDepth, "nyu_depth"},
                                                   {DemoLayout::kVoc, "voc"},
                                                   {DemoLayout::kPairs, "pairs"}});
}

struct DemoOptions {
  std::filesystem::path out;
  int64_t count = 2000;  // training images; a tenth as many validation images on top
  int64_t size_px = 128;
  uint64_t seed = 0;
  DemoLayout layout = DemoLayout::kImageNet;
  SceneKind kind = SceneKind::kPlain;  // figures in the layout of COCO alone
};

// Makes the layout's files below out, and out/demo.json; the folder appears whole or not at all. Returns false, and does
// nothing, when the same images are there already. Throws UsageError for numbers out of range and when `out` holds anything
// else.
bool make_demo(const DemoOptions& options);

}  // namespace glid
