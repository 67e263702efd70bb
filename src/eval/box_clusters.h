// Boxes that many boxes are near to: k-means of DETR's four numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "glid/geometry/box.h"

namespace glid {

struct ClassedBox {
  BoxCxcywh box;
  int64_t category = 0;
  double score = 0;
};

struct BoxClusters {
  std::vector<float> centres;  // [K, 4] cx cy w h
  std::vector<float> shares;   // [K, C] of all boxes
};

// At most `count` clusters, fewer of fewer boxes: seeded k-means++, then Lloyd's steps until no box moves (100 at most).
BoxClusters cluster_boxes(std::span<const ClassedBox> boxes, size_t num_classes, int64_t count, uint64_t seed);

// Every centre with every class that is in its cluster, by descending share; the 100 first.
std::vector<ClassedBox> ranked(std::span<const float> centres, std::span<const float> shares);

}  // namespace glid
