#include "glid/core/lock_owner.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "glid/core/environment.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/json.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kGoneAfter(300);

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// What /proc says of a process of this host; empty if there is none, or none for our eyes.
std::string stat_of(int64_t pid) { return first_line(format("/proc/{}/stat", pid)); }

// In ticks since the host booted; none of a process that has ended.
std::optional<int64_t> start_in(const std::string& stat) {
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

// Where /proc hides processes of others (hidepid) one with the number is taken for the owner.
bool is_there(const LockOwner& owner) {
  if (const std::string stat = stat_of(owner.pid); !stat.empty()) return start_in(stat) == owner.start;
  if (owner.pid <= 0 || !std::in_range<pid_t>(owner.pid)) return false;
  return ::kill(static_cast<pid_t>(owner.pid), 0) == 0 || errno == EPERM;
}

// Empty where /proc doesn't tell.
std::string own_processes() {
  std::error_code unreadable;
  const std::string space = fs::read_symlink("/proc/self/ns/pid", unreadable).string();
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  return boot.empty() || space.empty() ? "" : boot + " " + space;
}

// 0 where there is no file any more.
std::chrono::seconds age(const fs::path& file) {
  std::error_code gone;
  const fs::file_time_type written = fs::last_write_time(file, gone);
  if (gone) return {};
  return std::chrono::duration_cast<std::chrono::seconds>(fs::file_time_type::clock::now() - written);
}

}  // namespace

LockOwner LockOwner::self() { return {host_name(), own_processes(), ::getpid(), start_in(stat_of(::getpid())).value_or(0)}; }

std::optional<LockOwner> LockOwner::parse(const std::string& text) {
  try {
    const Json json = Json::parse(text, "lock");
    return LockOwner{json.at("host").as_string(), json.at("processes").as_string(), json.at("pid").as_int(),
                     json.at("start").as_int()};
  } catch (const DataError&) {
    return std::nullopt;
  }
}

std::string LockOwner::dump() const {
  return Json::object().set("host", host).set("processes", processes).set("pid", pid).set("start", start).dump() + "\n";
}

std::string LockOwner::name() const { return format("process {} on {}", pid, host); }

LockState lock_state(const fs::path& file, const std::optional<LockOwner>& owner) {
  const bool is_ours_to_ask = owner && !owner->processes.empty() && owner->processes == own_processes();
  const bool is_left = is_ours_to_ask ? !is_there(*owner) : age(file) > kGoneAfter;
  return is_left ? LockState::kLeft : LockState::kHeld;
}

std::string read_lock(const fs::path& file) {
  std::error_code unreadable;
  if (!fs::is_regular_file(file, unreadable)) return {};
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace glid
