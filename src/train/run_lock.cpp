#include "glid/train/run_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <sstream>

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
  return std::stoll(field);
}

struct Owner {
  std::string host, boot;
  int64_t pid = 0, start = 0;

  static Owner self() {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    return {host.data(), first_line("/proc/sys/kernel/random/boot_id"), ::getpid(), start_of(::getpid()).value_or(0)};
  }
  static Owner parse(const std::string& text, const std::string& where) {
    const Json json = Json::parse(text, where);
    return {json.at("host").as_string(), json.at("boot").as_string(), json.at("pid").as_int(), json.at("start").as_int()};
  }
  std::string dump() const {
    return Json::object().set("host", host).set("boot", boot).set("pid", pid).set("start", start).dump() + "\n";
  }
  std::string name() const { return format("process {} on {}", pid, host); }
  bool is_alive_on(const Owner& here) const { return boot == here.boot && start_of(pid) == start; }
};

std::chrono::seconds age(const fs::path& file) {
  return std::chrono::duration_cast<std::chrono::seconds>(fs::file_time_type::clock::now() - fs::last_write_time(file));
}

[[noreturn]] void refuse(const fs::path& lock, const std::string& who) {
  throw UsageError(lock.parent_path().string(), "another run is writing there", who,
                   "choose another --out, or wait for it to end");
}

// Of several that try, one succeeds.
bool claim(const fs::path& lock, const std::string& own) {
  const int fd = ::open(lock.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0 && errno == EEXIST) return false;
  const bool written = fd >= 0 && ::write(fd, own.data(), own.size()) == std::ssize(own);
  if (!written) throw Error(ExitCode::kInternal, lock.string(), "can't be written", std::strerror(errno));
  ::close(fd);
  return true;
}

// Whether nobody holds the lock with this text any more.
bool is_left_over(const fs::path& lock, const std::string& text, const Owner& here) {
  if (text.empty()) return age(lock) > kGoneAfter;  // killed, or just about to write
  const Owner owner = Owner::parse(text, lock.string());
  return owner.host == here.host ? !owner.is_alive_on(here) : age(lock) > kGoneAfter;
}

void take_over(const fs::path& lock, const Owner& here) {
  const std::string text = read_file(lock);
  const std::string who = text.empty() ? "just begun" : Owner::parse(text, lock.string()).name();
  if (!is_left_over(lock, text, here)) refuse(lock, who);
  const fs::path aside = format("{}.{}.{}", lock.string(), here.host, here.pid);
  fs::rename(lock, aside);  // of several that try, one succeeds
  const bool is_the_same = read_file(aside) == text;
  if (!is_the_same) fs::rename(aside, lock);  // and another has claimed it since
  else fs::remove(aside);
  if (!is_the_same || !claim(lock, here.dump())) refuse(lock, "just begun");
  log_info("{}: {} is gone and left the folder to this run", lock.parent_path().string(), who);
}

}  // namespace

RunLock::RunLock(const fs::path& folder) : file_(folder / kFile) {
  made_folder_ = fs::create_directories(folder);
  const Owner here = Owner::self();
  own_ = here.dump();
  if (!claim(file_, own_)) take_over(file_, here);
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
