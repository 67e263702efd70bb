#include "glid/core/leftovers.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "glid/core/log.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// Between making a file and locking it, its writer has no lock.
constexpr std::chrono::seconds kLockedBy(2);

// "<final>" of "<final>.0123ab.tmp" and "<final>.0123ab.tmp.old"; empty for other names.
std::string_view final_name(std::string_view name) {
  constexpr std::string_view kEnd = ".tmp", kOld = ".old";
  constexpr size_t kDigits = 6;
  if (name.ends_with(kOld)) name.remove_suffix(kOld.size());
  if (!name.ends_with(kEnd)) return {};
  name.remove_suffix(kEnd.size());
  if (name.size() < kDigits + 2 || name[name.size() - kDigits - 1] != '.') return {};
  const bool is_hex = name.find_first_not_of("0123456789abcdef", name.size() - kDigits) == std::string_view::npos;
  return is_hex ? name.substr(0, name.size() - kDigits - 1) : std::string_view();
}

// Whether everybody who can write there sees our locks: not so on disks of several hosts.
bool is_local(const fs::path& folder) {
  constexpr uint32_t kXfs = 0x58465342, kZfs = 0x2fc12fc1;  // not in every <linux/magic.h>
  constexpr std::array<uint32_t, 7> kLocal{EXT4_SUPER_MAGIC,      kXfs, BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
                                           OVERLAYFS_SUPER_MAGIC, kZfs, F2FS_SUPER_MAGIC};
  struct statfs system {};
  return ::statfs(folder.c_str(), &system) == 0 && std::ranges::count(kLocal, static_cast<uint32_t>(system.f_type)) > 0;
}

bool is_young(const fs::path& path) {
  std::error_code gone;
  const fs::file_time_type written = fs::last_write_time(path, gone);
  if (gone) return true;
  const auto age = fs::file_time_type::clock::now() - written;
  return age >= age.zero() && age < kLockedBy;
}

enum class Writer { kAlive, kGone, kUnknown };

Writer writer_of(const fs::path& path) {
  if (is_young(path)) return Writer::kAlive;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Writer::kUnknown;
  const bool is_free = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  const int reason = errno;
  ::close(fd);
  if (is_free) return is_local(path) ? Writer::kGone : Writer::kUnknown;
  return reason == EWOULDBLOCK ? Writer::kAlive : Writer::kUnknown;
}

// Whether it is gone, as its writer is.
bool settle(const fs::path& path, const fs::path& final_place) {
  std::error_code failed;
  if (path.extension() == ".old" && !fs::exists(fs::symlink_status(final_place, failed))) {
    fs::rename(path, final_place, failed);
    if (!failed) log_info("{}: put back, a killed program had it at {}", final_place.string(), path.string());
  } else {
    fs::remove_all(path, failed);
    if (!failed) log_info("removed {}, which a killed program had left", path.string());
  }
  return !failed;
}

// Of all finals if `final` is empty.
void remove_left(const fs::path& folder, std::string_view final) {
  std::error_code missing;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder, missing)) {
    const std::string name = entry.path().filename().string();
    const std::string_view its = final_name(name);
    if (!its.empty() && (final.empty() || its == final) && !entry.is_symlink()) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  std::string unsettled;
  for (const fs::path& path : found) {
    const std::string name = path.filename().string();
    const Writer writer = writer_of(path);
    if (writer == Writer::kUnknown || (writer == Writer::kGone && !settle(path, folder / final_name(name))))
      unsettled += (unsettled.empty() ? "" : ", ") + name;
  }
  if (!unsettled.empty())
    log_warning("{}: half-written (.tmp) or being replaced (.old) by programs that were killed or still run: {}",
                folder.string(), unsettled);
}

}  // namespace

bool is_leftover_name(const fs::path& path) { return !final_name(path.filename().native()).empty(); }

void remove_leftovers_of(const fs::path& final_place) {
  const fs::path whole = fs::absolute(final_place).lexically_normal();
  std::error_code unreadable;
  const fs::path behind = fs::weakly_canonical(whole.has_filename() ? whole : whole.parent_path(), unreadable);
  if (!unreadable && behind.has_filename()) remove_left(behind.parent_path(), behind.filename().string());
}

void remove_leftovers_in(const fs::path& folder) { remove_left(folder, {}); }

}  // namespace glid
