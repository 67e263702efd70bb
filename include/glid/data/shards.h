// Images in tar archives of WebDataset's layout, each with an index beside it (formats/shard_index.h): `glid_data shard`
// makes them, `glid_data index` the indices of others'.
//
// A shard is any *.tar below root. One with the word "val", "valid" or "validation" in its path (val/000001.tar,
// imagenet1k-validation-17.tar) is to validate on; the others, or those of them with "train" or "training" where there are
// such, are to train on. Without any to validate on, a tenth of the samples, chosen by a hash of their keys, is held out.
// Shards are numbered in byte order of their paths, samples as they lie.
//
// Indices are mapped and shared by all processes of a host; of archives only the image that is being decoded is in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glid/core/open_file.h"
#include "glid/data/blocks.h"
#include "glid/data/dataset.h"
#include "glid/data/files_config.h"
#include "glid/data/partly_read.h"
#include "glid/formats/shard_index.h"

namespace glid {

// The shards of a list, open as they are read; the 64 last ones stay open. Safe to use from several threads.
class OpenShards {
 public:
  std::shared_ptr<const OpenFile> open(const std::filesystem::path& shard) const;

 private:
  mutable std::mutex mutex_;
  mutable std::list<std::shared_ptr<const OpenFile>> recent_;  // the last used first
};

class Shards : public AnnotatedDataset, public PartReader, public InBlocks {
 public:
  struct Config : FilesConfig {
    static constexpr std::string_view kName = "shards";
    int64_t window = 16;

    template <class V>
    void fields(V& v) {
      FilesConfig::fields(v);
      v("window", window, "shards whose samples are mixed, to train on; shards themselves come in any order",
        config::positive());
    }
  };

  // Classes are named by root/classnames.txt, one a line in order, or by their numbers; those of `others` are among them.
  // Throws DataError for an index that is missing, damaged or another shard's, and for a class that has no name.
  Shards(const std::filesystem::path& root, std::vector<std::filesystem::path> shards,
         const std::vector<std::filesystem::path>& others, int64_t window);

  int64_t size() const override { return ends_.empty() ? 0 : ends_.back(); }
  Sample get(int64_t id) const override { return get_part(id, {}); }
  Sample get_part(int64_t id, const PartOfImage& part) const override;
  Targets targets(int64_t id) const override;
  // SHARD/KEY
  std::string name(int64_t id) const override;
  // Of the keys and the sizes of the images.
  Fingerprint fingerprint() const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void inspect(int64_t id, Inspection& inspection) const override;
  Blocks blocks() const override { return {ends_, window_}; }

  std::string_view key(int64_t id) const;

 private:
  struct Row {
    size_t shard;
    int64_t sample;  // in it
  };
  Row row(int64_t id) const;
  const ShardRecord& record(int64_t id) const;

  std::vector<std::filesystem::path> shards_;
  std::vector<ShardIndex> indices_;
  std::vector<int64_t> ends_;  // ids after each shard
  int64_t window_;
  Vocabulary vocabulary_;
  OpenShards open_;
};

// All *.tar below a folder, in byte order of their paths. Throws DataError where there are none.
std::vector<std::filesystem::path> list_shards(const std::filesystem::path& root);

// Those of a split, or their samples. Throws DataError.
std::shared_ptr<const AnnotatedDataset> open_shards(const Shards::Config& config, Split split);

}  // namespace glid
