#include "glid/formats/ade20k.h"

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/pairs.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxInstances = 256;          // of one raster: numbers have 8 bits
constexpr uint32_t kFirstInstanceId = 256;  // above every id of stuff

const char* folder_of(AdeSplit split) { return split == AdeSplit::kTraining ? "training" : "validation"; }

int number_of(uint32_t pixel) { return pixel >> 8 & 255; }
int category_of(uint32_t pixel) { return static_cast<int>(pixel & 255) - 1; }

// Takes the file of that name out of `files`, if there is one.
fs::path take(std::map<std::string, fs::path>& files, const std::string& name) {
  const auto node = files.extract(name);
  return node ? node.mapped() : fs::path();
}

// The mask of one instance, grown by runs of pixels in column-major order.
struct GrowingMask {
  int category = -1;
  int64_t end = 0;  // of the last run
  std::vector<uint32_t> counts;

  void append(int64_t run_begin, int64_t run_end) {
    if (run_begin == end && !counts.empty()) counts.back() += static_cast<uint32_t>(run_end - run_begin);
    else counts.insert(counts.end(), {static_cast<uint32_t>(run_begin - end), static_cast<uint32_t>(run_end - run_begin)});
    end = run_end;
  }

  Rle finish(int64_t height, int64_t width) {
    if (end < height * width) counts.push_back(static_cast<uint32_t>(height * width - end));
    return {height, width, std::move(counts)};
  }
};

using Masks = std::array<GrowingMask, kMaxInstances>;

void append_run(Masks& masks, uint32_t pixel, int64_t begin, int64_t end, const std::string& where) {
  if (number_of(pixel) == 0) return;
  GrowingMask& mask = masks[static_cast<size_t>(number_of(pixel))];
  if (category_of(pixel) < 0 || category_of(pixel) >= kNumAdeThings)
    throw DataError(where, format("instance {} has a category outside 1 to {}", number_of(pixel), kNumAdeThings),
                    std::to_string(category_of(pixel) + 1));
  if (!mask.counts.empty() && mask.category != category_of(pixel))
    throw DataError(where, format("instance {} has two categories", number_of(pixel)),
                    format("{} and {}", mask.category + 1, category_of(pixel) + 1));
  mask.category = category_of(pixel);
  mask.append(begin, end);
}

// The numbers of the file: 255 is "other" where they are shifted.
void check_labels(const LabelMap& map, int max_label, const std::string& where) {
  for (size_t i = 0; i < map.labels.size(); ++i)
    if (map.labels[i] > max_label && !(max_label < kNumAdeClasses && map.labels[i] == kAdeIgnore))
      throw DataError(where,
                      format("pixel ({}, {}) has a label outside 0 to {}", static_cast<int64_t>(i) % map.width,
                             static_cast<int64_t>(i) / map.width, max_label),
                      std::to_string(map.labels[i]));
}

// The extent of a segment, its pixels added row by row.
struct GrowingSegment {
  uint64_t area = 0;
  int64_t x0 = 0, y0 = 0, x1 = 0, y1 = 0;

  void add(int64_t x, int64_t y) {
    if (area++ == 0) x0 = x, y0 = y, x1 = x, y1 = y;
    x0 = std::min(x0, x);
    x1 = std::max(x1, x);
    y1 = y;
  }

  BoxXywh box() const {
    return {static_cast<double>(x0), static_cast<double>(y0), static_cast<double>(x1 - x0 + 1),
            static_cast<double>(y1 - y0 + 1)};
  }
};

// Gives every pixel of stuff its id.
std::vector<AdeSegment> paint_stuff(const LabelMap& semantic, IdMap& map) {
  std::array<GrowingSegment, kNumAdeClasses> grown;
  for (int64_t y = 0, i = 0; y < semantic.height; ++y) {
    for (int64_t x = 0; x < semantic.width; ++x, ++i) {
      const uint16_t label = semantic.labels[static_cast<size_t>(i)];
      if (label == kAdeIgnore) continue;
      if (label >= kNumAdeClasses) throw std::invalid_argument(format("ade_panoptic: label {}", label));
      if (ade_classes()[label].is_thing) continue;
      map.ids[static_cast<size_t>(i)] = label + 1u;
      grown[label].add(x, y);
    }
  }
  std::vector<AdeSegment> segments;
  for (size_t c = 0; c < grown.size(); ++c)
    if (grown[c].area > 0)
      segments.push_back({static_cast<uint32_t>(c + 1), static_cast<int>(c), grown[c].area, grown[c].box()});
  return segments;
}

}  // namespace

AdeListing list_ade20k(const fs::path& root, AdeSplit split) {
  const char* split_folder = folder_of(split);
  const auto list = [&](const char* kind) {
    const fs::path folder = root / kind / split_folder;
    return fs::is_directory(folder) ? files_by_stem(folder, kPngExtensions) : std::map<std::string, fs::path>();
  };
  AdeListing listing;
  const auto images = files_by_stem(root / "images" / split_folder, kImageExtensions, &listing.other_images);
  if (images.empty())
    throw DataError((root / "images" / split_folder).string(), "holds no images", {}, listing.other_images.hint());
  if (!fs::is_directory(root / "annotations" / split_folder)) listing.semantic = AdeSemantic::kShifted;
  auto semantic = list(listing.semantic == AdeSemantic::kOriginal ? "annotations" : "annotations_detectron2");
  auto instances = list("annotations_instance");
  if (semantic.empty() && instances.empty())
    throw DataError(root.string(), format("has no labels of {}", split_folder), {},
                    "expected annotations/, annotations_detectron2/ or annotations_instance/");
  for (const auto& [name, image] : images)
    listing.frames.push_back({name, image, take(semantic, name), take(instances, name)});
  for (const auto* left : {&semantic, &instances})
    for (const auto& [name, file] : *left) listing.without_image.push_back(file);
  return listing;
}

LabelMap read_ade_semantic(const fs::path& file, AdeSemantic kind) {
  LabelMap map = read_label_png(file);
  check_labels(map, kind == AdeSemantic::kOriginal ? kNumAdeClasses : kNumAdeClasses - 1, file.string());
  if (kind == AdeSemantic::kOriginal)
    for (uint16_t& label : map.labels) label = label == 0 ? kAdeIgnore : static_cast<uint16_t>(label - 1);
  return map;
}

std::vector<AdeInstance> ade_instances(const IdMap& raster, const std::string& where) {
  Masks masks;
  const int64_t height = raster.height, width = raster.width;
  const auto pixel_at = [&](int64_t y, int64_t x) { return raster.ids[static_cast<size_t>(y * width + x)] & 0xFFFF; };
  for (int64_t x = 0; x < width; ++x) {
    for (int64_t y = 0; y < height;) {
      const int64_t begin = y;
      const uint32_t pixel = pixel_at(y, x);
      while (++y < height && pixel_at(y, x) == pixel) continue;
      append_run(masks, pixel, x * height + begin, x * height + y, where);
    }
  }
  std::vector<AdeInstance> instances;
  for (int number = 1; number < kMaxInstances; ++number) {
    GrowingMask& mask = masks[static_cast<size_t>(number)];
    if (!mask.counts.empty()) instances.push_back({mask.category, number, mask.finish(height, width)});
  }
  return instances;
}

AdePanoptic ade_panoptic(const LabelMap& semantic, const IdMap& raster, const std::string& where) {
  if (semantic.height != raster.height || semantic.width != raster.width)
    throw DataError(where, format("is {} x {}", raster.height, raster.width),
                    format("semantic map of {} x {}", semantic.height, semantic.width), "both must have the image's size");
  AdePanoptic panoptic{{semantic.height, semantic.width, std::vector<uint32_t>(semantic.labels.size())}, {}};
  panoptic.segments = paint_stuff(semantic, panoptic.map);
  for (size_t i = 0; i < raster.ids.size(); ++i)
    if (const int number = number_of(raster.ids[i])) panoptic.map.ids[i] = kFirstInstanceId + static_cast<uint32_t>(number);
  for (const AdeInstance& instance : ade_instances(raster, where))
    panoptic.segments.push_back({kFirstInstanceId + static_cast<uint32_t>(instance.number),
                                 ade_thing_classes()[static_cast<size_t>(instance.category)], rle_area(instance.mask),
                                 rle_box(instance.mask)});
  return panoptic;
}

}  // namespace glid
