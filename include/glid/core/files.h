// Files that are whole or not there: everything is written to a name of its own, "<final>.<6 hex digits>.tmp", fsynced, then
// renamed. A killed program (SIGKILL) leaves that name behind: leftovers.h.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

// The whole content. Throws DataError (missing, unreadable).
std::string read_file(const std::filesystem::path& file);

// Replaces `file` in one step. Throws Error (kInternal) when the disk refuses.
void write_file(const std::filesystem::path& file, std::string_view content);

// Writes without waiting for the disk: for files of an AtomicFolder. Throws Error (kInternal).
void put_file(const std::filesystem::path& file, std::string_view content);

// Its name begins with a dot.
bool is_hidden(const std::filesystem::path& path);

// Files below a folder at any depth, as paths relative to it, in byte order. Links to folders are followed; pipes, devices,
// hidden files and folders (".x") and what lies in `skipped` don't count. Throws DataError where a folder can't be read.
std::vector<std::string> files_below(const std::filesystem::path& folder, const std::filesystem::path& skipped = {});

// A file that appears complete or not at all: write path(), then commit(). Dropped without commit(), it is removed.
class AtomicFile {
 public:
  // Makes an empty temporary file. Throws Error (kInternal) where that can't be made.
  explicit AtomicFile(std::filesystem::path final_place);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::filesystem::path& path() const { return temporary_; }
  // Fsyncs the file and its folder and renames. A file is replaced, also behind a link; a device or pipe written as it is.
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path temporary_;
  bool committed_ = false;
};

// A folder that appears complete or not at all: write into path(), then commit(). Dropped without commit(), it is removed.
class AtomicFolder {
 public:
  // Makes an empty folder beside the final place. Throws Error (kInternal) where that can't be made.
  explicit AtomicFolder(std::filesystem::path final_place);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  const std::filesystem::path& path() const { return temporary_; }
  // Fsyncs every file and the folders, then renames. Where something lay there when this was made, it is replaced; else what
  // somebody put there since then is not: throws Error (kInternal) that names "<final>.<6 hex digits>.whole", which stays.
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path temporary_;
  bool replaces_;
  bool stays_ = false;
};

}  // namespace glid
