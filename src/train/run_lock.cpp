#include "glid/train/run_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>

#include "glid/core/disk_error.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/lock_owner.h"
#include "glid/core/log.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kRenewEvery(30);

// Of several that try, one succeeds.
bool claim(const fs::path& lock, const std::string& own) {
  const int fd = ::open(lock.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0 && errno == EEXIST) return false;
  const bool written = fd >= 0 && ::write(fd, own.data(), own.size()) == std::ssize(own);
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  if (written) return true;
  if (fd >= 0) ::unlink(lock.c_str());
  errno = reason;
  throw_disk_error(lock, "can't be written");
}

std::string name_of(const std::optional<LockOwner>& owner) { return owner ? owner->name() : "one that has just begun"; }

// Moves a lock that is left over out of the way, unless another does so or it was given back meanwhile.
void clear_left_over(const fs::path& lock, const LockOwner& here) {
  const std::string text = read_lock(lock);
  const std::optional<LockOwner> owner = LockOwner::parse(text);
  if (lock_state(lock, owner) == LockState::kHeld)
    throw UsageError(lock.parent_path().string(), "another run is writing there", name_of(owner),
                     "choose another --out, or wait for it to end");
  const fs::path aside = format("{}.{}.{}", lock.string(), here.host, here.pid);
  std::error_code gone;
  fs::rename(lock, aside, gone);  // of several that try, one succeeds
  if (gone && gone != std::errc::no_such_file_or_directory) {
    errno = gone.value();
    throw_disk_error(lock, "of a run that is gone can't be moved away");
  }
  if (gone) return;
  if (read_lock(aside) == text)
    log_info("{}: the run of {} is gone and left the folder to this one", lock.parent_path().string(), name_of(owner));
  else ::link(aside.c_str(), lock.c_str());  // one that was claimed since goes back, unless it is claimed again
  fs::remove(aside, gone);
}

}  // namespace

RunLock::RunLock(const fs::path& folder) : file_(folder / kFile) {
  constexpr int kTries = 5;
  made_folder_ = fs::create_directories(folder);
  const LockOwner here = LockOwner::self();
  own_ = here.dump();
  bool claimed = claim(file_, own_);
  for (int i = 0; !claimed && i < kTries; ++i) {
    clear_left_over(file_, here);
    claimed = claim(file_, own_);
  }
  if (!claimed) throw UsageError(folder.string(), "several runs want to write there", "", "choose another --out");
  renewing_ = std::jthread([this](const std::stop_token& stop) { renew(stop); });
}

RunLock::~RunLock() {
  renewing_ = {};
  std::error_code ignored;
  if (read_lock(file_) == own_) fs::remove(file_, ignored);
  if (made_folder_) fs::remove(file_.parent_path(), ignored);  // where nothing was written
}

void RunLock::renew(const std::stop_token& stop) const {
  std::mutex mutex;
  std::condition_variable_any ended;
  std::unique_lock lock(mutex);
  while (!ended.wait_for(lock, stop, kRenewEvery, [&] { return stop.stop_requested(); }))
    ::utimensat(AT_FDCWD, file_.c_str(), nullptr, 0);
}

}  // namespace glid
