// What lies below a folder, and how to tell later that it still does without looking at every file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace glid {

// A folder as it was before it was looked into. Making, removing or renaming anything in it makes another stamp; writing to
// a file in it doesn't.
struct FolderStamp {
  uint64_t inode = 0;
  int64_t modified_ns = 0;  // since 1970, of its entries
  int64_t changed_ns = 0;   // which no program can set
  bool operator==(const FolderStamp&) const = default;
};
// Nothing where there is no folder.
std::optional<FolderStamp> stamp_of(const std::filesystem::path& folder);

struct FolderWalk {
  struct Folder {
    std::string path;  // below the walk's; empty: that one
    FolderStamp stamp;
  };
  std::vector<std::string> files;  // files_below() of files.h
  std::vector<Folder> folders;     // that were looked into
  bool has_dead_link = false;      // what it leads to may come, and no stamp would tell
};
// Throws DataError naming the folder that can't be read.
FolderWalk walk_folder(const std::filesystem::path& folder, const std::filesystem::path& skipped = {});

}  // namespace glid
