// Where a program will write at its end, looked at before the work.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "glid/core/files.h"
#include "glid/core/temporaries.h"

namespace glid {

// Throws UsageError naming `option` where `path` can't become a file or a folder, with the folders above it that are
// missing. Nothing is made or removed; an empty path is fine.
void require_file(const std::string& option, const std::filesystem::path& path);
void require_folder(const std::string& option, const std::filesystem::path& path);
// The same for a folder that must not be there, or be empty; a mount point is refused, which nothing can take the place of.
void require_new_folder(const std::string& option, const std::filesystem::path& path);
// Throws UsageError naming `option` where writing `path` would replace one of `inputs`: what is read, or another output.
void require_apart(const std::string& option, const std::filesystem::path& path,
                   const std::vector<std::filesystem::path>& inputs);
// Throws UsageError naming `option` where what is written to `path` would lie in `input`, if that is a folder: who reads it
// again would read that too.
void require_outside(const std::string& option, const std::filesystem::path& path, const std::filesystem::path& input);

// Absolute, without a slash at the end.
std::filesystem::path whole_path(const std::filesystem::path& path);

// A folder of results, and the folders above it that are missing: there complete after commit(), or not at all. What a link
// leads to is written. Throws Error (kInternal) as AtomicFolder does.
class OutputFolder {
 public:
  explicit OutputFolder(const std::filesystem::path& final_place);
  const std::filesystem::path& path() const { return folder_.path(); }
  void commit();

 private:
  FoldersAbove above_;
  AtomicFolder folder_;
};

// Writes the file and the folders above it that are missing; nothing is left of them where it fails. An empty path is fine.
void write_output(const std::filesystem::path& file, std::string_view content);

}  // namespace glid
