#include "glid/core/leftovers.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "glid/core/log.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// Between making a file and locking it, its writer has no lock.
constexpr std::chrono::seconds kLockedBy(2);

// "<final>" of "<final>.0123ab.tmp"; empty for other names.
std::string_view final_name(std::string_view name) {
  constexpr std::string_view kEnd = ".tmp";
  constexpr size_t kDigits = 6;
  if (!name.ends_with(kEnd)) return {};
  name.remove_suffix(kEnd.size());
  if (name.size() < kDigits + 2 || name[name.size() - kDigits - 1] != '.') return {};
  const bool is_hex = name.find_first_not_of("0123456789abcdef", name.size() - kDigits) == std::string_view::npos;
  return is_hex ? name.substr(0, name.size() - kDigits - 1) : std::string_view();
}

bool is_young(const fs::path& path) {
  std::error_code gone;
  const fs::file_time_type written = fs::last_write_time(path, gone);
  return gone || fs::file_time_type::clock::now() - written < kLockedBy;
}

enum class Writer { kAlive, kGone, kUnknown };

Writer writer_of(const fs::path& path) {
  if (is_young(path)) return Writer::kAlive;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Writer::kUnknown;
  const bool is_free = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  const int reason = errno;
  ::close(fd);
  if (is_free) return Writer::kGone;
  return reason == EWOULDBLOCK ? Writer::kAlive : Writer::kUnknown;
}

void remove_if_left(const fs::path& path) {
  std::error_code failed;
  const Writer writer = writer_of(path);
  if (writer == Writer::kGone) fs::remove_all(path, failed);
  if (writer == Writer::kGone && !failed) log_info("removed {}, which a killed program had left", path.string());
  else if (writer != Writer::kAlive)
    log_warning("{}: half-written by a program that was killed or still runs: remove it if none does", path.string());
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
  for (const fs::path& path : found) remove_if_left(path);
}

}  // namespace

void remove_leftovers_of(const fs::path& final_place) {
  const fs::path whole = fs::absolute(final_place).lexically_normal();
  const fs::path place = whole.has_filename() ? whole : whole.parent_path();
  if (place.has_filename()) remove_left(place.parent_path(), place.filename().string());
}

void remove_leftovers_in(const fs::path& folder) { remove_left(folder, {}); }

}  // namespace glid
