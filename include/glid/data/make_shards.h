// `glid_data shard` and `glid_data index`: folders of images as shards, and indices of shards (data/shards.h).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

#include "glid/config/value.h"
#include "glid/core/error.h"

namespace glid {

// What the folders are: image_folder.h.
enum class ShardSource { kImageNet, kFolder };
constexpr auto enum_names(ShardSource) {
  return std::to_array<config::Named<ShardSource>>(
      {{ShardSource::kImageNet, "imagenet", "class folders"}, {ShardSource::kFolder, "folder", "images without classes"}});
}

struct ShardOptions {
  ShardSource source = ShardSource::kImageNet;
  std::filesystem::path root, out;
  int64_t megabytes = 512;  // of images in a shard; one more image ends it
  uint64_t seed = 0;
  int64_t num_threads = 1;
};

// Writes OUT/train/000000.tar, .. and OUT/val/000000.tar, .., each with its index, and OUT/classnames.txt where there are
// classes. Files are copied as they are, in an order drawn by `seed`: neighbours are of different classes. The key of
// n01/x.y.JPEG is n01/x_y, and one underscore more for each image before that has it too. The folder appears whole or not at
// all, the same for any number of threads. Throws UsageError where `out` is there, DataError for a root without images.
void make_shards(const ShardOptions& options);

// Makes the indices that are missing or don't fit below `root`. A shard that can't be read is named in the log and leaves
// the others alone: the code is then kData. Throws DataError where there are no shards.
ExitCode index_shards(const std::filesystem::path& root, int64_t num_threads);

}  // namespace glid
