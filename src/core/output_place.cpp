#include "glid/core/output_place.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestName = 255 - std::string_view(".0123ab.tmp").size();  // bytes, with what is put behind it while written

// The nearest folder above `place` that is there must be one and must be ours to write into.
void require_parent(const std::string& option, const fs::path& path, const fs::path& place) {
  if (const size_t bytes = place.filename().string().size(); bytes > kLongestName)
    throw UsageError(option, format("is too long a name: at most {} bytes", kLongestName), std::to_string(bytes));
  std::error_code unreadable;
  fs::path above = place.parent_path();
  while (!fs::exists(above, unreadable) && above.has_relative_path()) above = above.parent_path();
  if (!fs::is_directory(above, unreadable)) throw UsageError(option, "lies below a file", path.string(), above.string());
  if (::access(above.c_str(), W_OK) != 0)
    throw UsageError(option, "can't be written there", path.string(), above.string() + " doesn't allow it");
}

bool is_mount_point(const fs::path& folder) {
  struct stat own {
  }, above{};
  return ::stat(folder.c_str(), &own) == 0 && ::stat((folder / "..").c_str(), &above) == 0 && own.st_dev != above.st_dev;
}

}  // namespace

void require_file(const std::string& option, const fs::path& path) {
  if (path.empty()) return;
  std::error_code unreadable;
  if (fs::is_directory(path, unreadable)) throw UsageError(option, "is a folder, but a file is written", path.string());
  require_parent(option, path, whole_path(path));
}

void require_folder(const std::string& option, const fs::path& path) {
  if (path.empty()) return;
  std::error_code unreadable;
  if (fs::exists(path, unreadable) && !fs::is_directory(path, unreadable))
    throw UsageError(option, "is a file, but a folder is written", path.string());
  require_parent(option, path, whole_path(path));
}

void require_new_folder(const std::string& option, const fs::path& path) {
  require_folder(option, path);
  if (fs::is_symlink(fs::symlink_status(path)) && !fs::exists(path))
    throw UsageError(option, "is a link to nothing", path.string(), "remove it, or make what it names");
  if (path.empty() || !fs::exists(path)) return;
  if (!fs::is_empty(path)) throw UsageError(option, "is there already", path.string(), "choose another one");
  if (is_mount_point(path))
    throw UsageError(option, "is where a disk is mounted, which can't be replaced in one step", path.string(),
                     "choose a folder in it, as " + (path / "out").string());
}

void require_apart(const std::string& option, const fs::path& path, const std::vector<fs::path>& inputs) {
  std::error_code missing;
  const auto is_same = [&](const fs::path& input) {
    return fs::equivalent(path, input, missing) ||
           fs::weakly_canonical(fs::absolute(path), missing) == fs::weakly_canonical(fs::absolute(input), missing);
  };
  if (!path.empty() && std::ranges::any_of(inputs, is_same))
    throw UsageError(option, "would replace what is read or written beside it", path.string(), "choose another place");
}

void require_outside(const std::string& option, const fs::path& path, const fs::path& input) {
  std::error_code unreadable;
  if (path.empty() || !fs::is_directory(input, unreadable)) return;
  const fs::path folder = whole_path(fs::weakly_canonical(input, unreadable));
  const fs::path place = whole_path(fs::weakly_canonical(whole_path(path), unreadable));
  if (std::ranges::mismatch(folder, place).in1 == folder.end())
    throw UsageError(option, "lies in the folder that is read, and would be read with it the next time", path.string(),
                     "choose a place outside of " + input.string());
}

fs::path whole_path(const fs::path& path) {
  const fs::path place = fs::absolute(path).lexically_normal();
  return place.has_filename() ? place : place.parent_path();
}

OutputFolder::OutputFolder(const fs::path& final_place)
    : above_(fs::weakly_canonical(whole_path(final_place))), folder_(fs::weakly_canonical(whole_path(final_place))) {}

void OutputFolder::commit() {
  folder_.commit();
  above_.keep();
}

void write_output(const fs::path& file, std::string_view content) {
  if (file.empty()) return;
  FoldersAbove above(file);
  write_file(file, content);
  above.keep();
}

}  // namespace glid
