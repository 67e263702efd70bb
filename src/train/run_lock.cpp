#include "glid/train/run_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <sstream>

#include "glid/core/environment.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "glid/core/log.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kRenewEvery(30), kGoneAfter(300);

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// Of a process of this host, in ticks since it booted; none if there is no such process.
std::optional<int64_t> start_of(int64_t pid) {
  const std::string stat = first_line(format("/proc/{}/stat", pid));
  const size_t name_end = stat.rfind(')');  // a name may hold anything
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  fields >> field;
  if (field == "Z") return std::nullopt;          // it has ended, and nobody asked how
  for (int i = 4; i <= 22; ++i) fields >> field;  // proc(5): starttime is the 22nd
  int64_t start = 0;
  const bool is_whole = std::from_chars(field.data(), field.data() + field.size(), start).ec == std::errc();
  return is_whole ? std::optional(start) : std::nullopt;
}

struct Owner {
  std::string host;
  std::string processes;  // among which the number counts: the boot and the namespace
  int64_t pid = 0, start = 0;

  static Owner self() {
    std::error_code unreadable;
    const std::string space = fs::read_symlink("/proc/self/ns/pid", unreadable).string();
    return {host_name(), first_line("/proc/sys/kernel/random/boot_id") + " " + space, ::getpid(),
            start_of(::getpid()).value_or(0)};
  }
  // Empty for what is no lock, or the beginning of one.
  static std::optional<Owner> parse(const std::string& text) {
    try {
      const Json json = Json::parse(text, RunLock::kFile);
      return Owner{json.at("host").as_string(), json.at("processes").as_string(), json.at("pid").as_int(),
                   json.at("start").as_int()};
    } catch (const DataError&) {
      return std::nullopt;
    }
  }
  std::string dump() const {
    return Json::object().set("host", host).set("processes", processes).set("pid", pid).set("start", start).dump() + "\n";
  }
  bool is_alive() const { return start_of(pid) == start; }
};

// 0 where there is no file any more.
std::chrono::seconds age(const fs::path& file) {
  std::error_code gone;
  const fs::file_time_type written = fs::last_write_time(file, gone);
  if (gone) return {};
  return std::chrono::duration_cast<std::chrono::seconds>(fs::file_time_type::clock::now() - written);
}

// Of several that try, one succeeds.
bool claim(const fs::path& lock, const std::string& own) {
  const int fd = ::open(lock.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0 && errno == EEXIST) return false;
  const bool written = fd >= 0 && ::write(fd, own.data(), own.size()) == std::ssize(own);
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  if (written) return true;
  if (fd >= 0) ::unlink(lock.c_str());
  throw Error(ExitCode::kInternal, lock.string(), "can't be written", std::strerror(reason));
}

std::string name_of(const std::optional<Owner>& owner) {
  return owner ? format("process {} on {}", owner->pid, owner->host) : "one that has just begun";
}

// Whether nobody holds the lock any more: processes can be asked for where the numbers are ours, elsewhere time tells.
bool is_left_over(const fs::path& lock, const std::optional<Owner>& owner, const Owner& here) {
  if (owner && owner->processes == here.processes) return !owner->is_alive();
  return age(lock) > kGoneAfter;
}

// What the lock says; nothing where it was given back meanwhile.
std::string text_of(const fs::path& lock) {
  std::ifstream in(lock);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Moves a lock that is left over out of the way, unless another does so or it was given back meanwhile.
void clear_left_over(const fs::path& lock, const Owner& here) {
  const std::string text = text_of(lock);
  const std::optional<Owner> owner = Owner::parse(text);
  if (!is_left_over(lock, owner, here))
    throw UsageError(lock.parent_path().string(), "another run is writing there", name_of(owner),
                     "choose another --out, or wait for it to end");
  const fs::path aside = format("{}.{}.{}", lock.string(), here.host, here.pid);
  std::error_code gone;
  fs::rename(lock, aside, gone);  // of several that try, one succeeds
  if (gone) return;
  if (text_of(aside) == text)
    log_info("{}: the run of {} is gone and left the folder to this one", lock.parent_path().string(), name_of(owner));
  else ::link(aside.c_str(), lock.c_str());  // one that was claimed since goes back, unless it is claimed again
  fs::remove(aside, gone);
}

}  // namespace

RunLock::RunLock(const fs::path& folder) : file_(folder / kFile) {
  constexpr int kTries = 5;
  made_folder_ = fs::create_directories(folder);
  const Owner here = Owner::self();
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
  if (first_line(file_) + "\n" == own_) fs::remove(file_, ignored);
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
