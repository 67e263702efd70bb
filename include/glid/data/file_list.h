// The image files below a folder: names in one buffer and, where they are many, in a file that all processes of a host map
// together (no LibTorch).
//
// A cache file stands for a folder as long as every folder that was looked into for it is the same: the same inode, times of
// modification and change (folder_walk.h), on the same host. So it follows every file that is made, removed or renamed, and
// not one that is written over in place, whose size is then the old one. A folder with a link to nothing is not kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "glid/core/mapped_file.h"
#include "glid/formats/other_images.h"

namespace glid {

struct FileListCache {
  std::filesystem::path folder;                                    // where cache files are; empty: nothing is kept
  int64_t kept_from = 10'000;                                      // images
  std::chrono::nanoseconds settled_for = std::chrono::seconds(2);  // a folder that changed later may change unseen

  // $GLID_CACHE, else $XDG_CACHE_HOME/glid, else ~/.cache/glid, and there "lists".
  static FileListCache of_user();
};

class FileList {
 public:
  // Of these files below `folder`, in this order.
  FileList(const std::filesystem::path& folder, const std::vector<std::string>& files);
  // The images below a folder by kImageExtensions, in byte order; `skipped` is a folder whose content doesn't count, or
  // empty. Reads the cache file where it still stands for the folder, and makes one where there are many images and the
  // folders have settled. One that is damaged is said to be, and made again. Throws DataError where the folder can't be read
  // or holds no images.
  static FileList open(const std::filesystem::path& folder, const std::filesystem::path& skipped = {},
                       const FileListCache& cache = FileListCache::of_user());

  int64_t size() const { return static_cast<int64_t>(ends_.size()); }
  // Its path below the folder.
  std::string_view file(int64_t i) const;
  // When it was listed; 0 where it couldn't be asked.
  uint64_t bytes(int64_t i) const { return sizes_[static_cast<size_t>(i)]; }
  // Images of other formats.
  const OtherImages& others() const { return others_; }
  bool is_cached() const { return std::holds_alternative<MappedFile>(content_); }

 private:
  struct Key;
  FileList(std::variant<std::vector<std::byte>, MappedFile> content, const std::string& where);
  static std::optional<FileList> read(const std::filesystem::path& file, const Key& key, bool warns);

  std::variant<std::vector<std::byte>, MappedFile> content_;
  std::span<const uint64_t> ends_, sizes_;
  std::string_view names_;
  OtherImages others_;
};

}  // namespace glid
