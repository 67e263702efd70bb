#include "glid/core/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <random>
#include <utility>

#include "file_kind.h"
#include "glid/core/disk_error.h"
#include "glid/core/error.h"
#include "glid/core/folder_walk.h"
#include "glid/core/format.h"
#include "glid/core/regular_file.h"
#include "glid/core/temporaries.h"
#include "held_temporary.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

void sync_path(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY);
  if (fd < 0) throw_disk_error(file, "can't be opened to be synced");
  const int rc = ::fsync(fd);
  ::close(fd);
  if (rc != 0) throw_disk_error(file, "can't be synced");
}

// False, with errno, where both stay as they are.
bool exchange(const fs::path& a, const fs::path& b) {
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return false;
  const fs::path aside = a.string() + ".old";  // a file system that can't exchange; if killed here: leftovers.h
  if (::rename(b.c_str(), aside.c_str()) != 0) return false;
  const bool is_done = ::rename(a.c_str(), b.c_str()) == 0;
  const int reason = errno;
  ::rename(aside.c_str(), is_done ? a.c_str() : b.c_str());
  errno = reason;
  return is_done;
}

// Where no other program takes it for a leftover.
fs::path keep_whole(const fs::path& temporary) {
  fs::path kept = temporary;
  kept.replace_extension(".whole");
  std::error_code failed;
  fs::rename(temporary, kept, failed);
  return failed ? temporary : kept;
}

// Written as it stands.
bool is_stream(const fs::path& file) {
  std::error_code unreadable;
  return glid::is_stream(fs::status(file, unreadable).type());
}

// Makes a file or folder (`make` fails with EEXIST where there is one) that nobody else writes to. A signal removes it.
fs::path make_temporary(const fs::path& final_place, const std::function<bool(const char*)>& make) {
  std::random_device random;
  while (true) {
    fs::path temporary = final_place;
    temporary += format(".{:06x}.tmp", random() & 0xffffffu);
    std::error_code unreadable;
    if (fs::exists(fs::symlink_status(temporary, unreadable))) continue;
    add_temporary(temporary);
    if (make(temporary.c_str())) {
      hold_temporary(temporary, temporary);
      return temporary;
    }
    const int error = errno;
    forget_temporary(temporary);
    errno = error;
    if (error != EEXIST) throw_disk_error(final_place, "can't be written");
  }
}

bool make_file(const char* name) {
  const int fd = ::open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  return fd >= 0 && ::close(fd) == 0;
}

bool make_folder(const char* name) { return ::mkdir(name, 0777) == 0; }

// A link stays, and what it leads to is written.
fs::path behind_link(fs::path place) {
  return fs::is_symlink(place) && !is_stream(place) ? fs::weakly_canonical(place) : place;
}

bool is_empty_folder(const fs::path& place) { return fs::is_directory(place) && fs::is_empty(place); }

fs::path parent_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

}  // namespace

std::string read_file(const fs::path& file) {
  std::string content(size_of_regular_file(file), '\0');
  std::ifstream in(file, std::ios::binary);
  if (!in) throw DataError(file.string(), "can't be read", std::strerror(errno));
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (static_cast<size_t>(in.gcount()) < content.size()) throw DataError(file.string(), "can't be read to its end");
  return content;
}

void put_file(const fs::path& file, std::string_view content) {
  std::ofstream out(file, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) throw_disk_error(file, "can't be written");
}

bool is_hidden(const fs::path& path) { return path.filename().native().starts_with('.'); }

std::vector<std::string> files_below(const fs::path& folder, const fs::path& skipped) {
  return walk_folder(folder, skipped).files;
}

void write_file(const fs::path& file, std::string_view content) {
  AtomicFile whole(file);
  std::ofstream out(whole.path(), std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) throw_disk_error(file, "can't be written");
  whole.commit();
}

AtomicFile::AtomicFile(fs::path final_place)
    : final_(behind_link(std::move(final_place))),
      temporary_(is_stream(final_) ? final_ : make_temporary(final_, make_file)) {}

AtomicFile::~AtomicFile() {
  std::error_code ignored;
  if (temporary_ == final_) return;
  if (!committed_) fs::remove(temporary_, ignored);
  forget_temporary(temporary_);
}

void AtomicFile::commit() {
  if (temporary_ == final_) return;
  sync_path(temporary_);
  fs::rename(temporary_, final_);
  committed_ = true;
  sync_path(parent_of(final_));
}

AtomicFolder::AtomicFolder(fs::path final_place)
    : final_(std::move(final_place)), replaces_(fs::exists(final_) && !is_empty_folder(final_)) {
  fs::create_directories(parent_of(final_));
  temporary_ = make_temporary(final_, make_folder);
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  if (!stays_) fs::remove_all(temporary_, ignored);
  forget_temporary(temporary_);
}

void AtomicFolder::commit() {
  if (!is_still_there(temporary_))
    throw Error(ExitCode::kInternal, temporary_.string(), "was removed while it was written", {}, "run the program again");
  for (const auto& entry : fs::recursive_directory_iterator(temporary_)) sync_path(entry.path());
  sync_path(temporary_);
  stays_ = true;
  // What is there is exchanged in one step, so that one of the two is complete whenever the program is killed.
  const bool exchanges = replaces_ && fs::exists(final_);
  if (exchanges) hold_temporary(temporary_, final_);  // what is there until it is removed
  const bool is_done = exchanges ? exchange(temporary_, final_)
                                 : ::rename(temporary_.c_str(), final_.c_str()) == 0;  // replaces an empty folder at most
  if (!is_done) {
    const std::string reason = std::strerror(errno);
    throw Error(ExitCode::kInternal, final_.string(), "can't be put in place", reason,
                "what was written is whole in " + keep_whole(temporary_).string());
  }
  stays_ = false;
  sync_path(parent_of(final_));
}

}  // namespace glid
