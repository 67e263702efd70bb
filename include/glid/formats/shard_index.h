// Shards: tar archives of samples in WebDataset's layout (github.com/webdataset/webdataset, "The WebDataset Format"). The
// members of a sample follow each other and share a key, their path up to the first dot of its last part: x/7.jpg, x/7.cls.
// Beside SHARD.tar lies SHARD.tar.index, which says where the images are, so that nobody looks for them twice.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/core/mapped_file.h"

namespace glid {

// What an index says of a sample beside its key.
struct ShardRecord {
  uint64_t offset = 0;   // of the image in the archive
  uint64_t key_end = 0;  // in the text of all keys; the key begins where the one before ends
  uint32_t size = 0;     // of the image
  int32_t label = -1;    // a class, or -1
};

// What is left out of an index.
struct SamplesLeftOut {
  int64_t samples = 0;  // without an image
  std::string example;  // the first one's key
};

std::filesystem::path index_of_shard(const std::filesystem::path& shard);

// Reads the headers of `shard` and writes its index. Of a sample's members the image is the one whose extension is one of
// kImageExtensions', its class the number in .cls; others don't count, and neither do hidden ones. Throws DataError naming
// the shard where it is damaged, two samples have one key or a class is no number.
SamplesLeftOut write_shard_index(const std::filesystem::path& shard);

class ShardIndex {
 public:
  // The index that lies beside `shard`. Throws DataError where it is missing, damaged, or of another archive (told by its
  // size and first header); `hint` says how to make it.
  ShardIndex(const std::filesystem::path& shard, const std::string& hint);

  int64_t size() const { return static_cast<int64_t>(records_.size()); }
  const ShardRecord& record(int64_t i) const { return records_[static_cast<size_t>(i)]; }
  std::string_view key(int64_t i) const;
  uint64_t shard_bytes() const { return shard_bytes_; }

 private:
  MappedFile file_;
  uint64_t shard_bytes_ = 0;
  std::span<const ShardRecord> records_;
  std::string_view keys_;
};

}  // namespace glid
