#include "glid/core/folder_walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "file_kind.h"
#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/log.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

int64_t ns_of(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

// Which links to folders a walk has gone through. One back to a folder that it is in holds nothing new, and no end.
class LinksFollowed {
 public:
  bool leads_back(const fs::directory_entry& entry, int depth) {
    std::erase_if(places_, [&](const auto& place) { return place.first >= depth; });
    std::error_code unreadable;
    if (!entry.is_symlink(unreadable)) return false;
    const fs::path place = fs::canonical(entry.path().parent_path(), unreadable);
    const fs::path target = fs::canonical(entry.path(), unreadable);
    places_.emplace_back(depth, place);
    return std::ranges::any_of(
        places_, [&](const auto& passed) { return std::ranges::mismatch(target, passed.second).in1 == target.end(); });
  }

 private:
  std::vector<std::pair<int, fs::path>> places_;  // where each link stands, and how deep in the walk
};

}  // namespace

std::optional<FolderStamp> stamp_of(const fs::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
  return FolderStamp{status.st_ino, ns_of(status.st_mtim), ns_of(status.st_ctim)};
}

FolderWalk walk_folder(const fs::path& folder, const fs::path& skipped) {
  FolderWalk walk{.folders = {{"", stamp_of(folder).value_or(FolderStamp())}}};
  std::vector<std::string> streams;
  const size_t prefix = (folder / "").native().size();
  const auto below = [&](const fs::path& path) { return path.native().substr(prefix); };
  try {
    fs::recursive_directory_iterator it(folder, fs::directory_options::follow_directory_symlink), end;
    LinksFollowed links;
    for (std::error_code unreadable; it != end; ++it) {
      const fs::file_type type = it->status(unreadable).type();
      if (is_hidden(it->path()) || (!skipped.empty() && it->path() == skipped)) it.disable_recursion_pending();
      else if (is_stream(type)) streams.push_back(below(it->path()));
      else if (type == fs::file_type::not_found) walk.files.push_back(below(it->path())), walk.has_dead_link = true;
      else if (type != fs::file_type::directory) walk.files.push_back(below(it->path()));
      else if (links.leads_back(*it, it.depth())) it.disable_recursion_pending();
      else walk.folders.push_back({below(it->path()), stamp_of(it->path()).value_or(FolderStamp())});
    }
  } catch (const fs::filesystem_error& error) {
    throw DataError(error.path1().string(), "can't be read", error.code().message());
  }
  if (!streams.empty())
    log_rank_zero_warning("{}: passed over: {} (first: {})", folder.string(),
                          counted(streams.size(), "pipe, device or socket", "pipes, devices or sockets"),
                          *std::ranges::min_element(streams));
  std::sort(walk.files.begin(), walk.files.end());
  return walk;
}

}  // namespace glid
