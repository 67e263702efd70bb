// Who holds a lock file, and whether that process is still there.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace glid {

// The lock file of a run's folder.
inline constexpr const char* kRunLockFile = "run.lock";

struct LockOwner {
  std::string host;
  std::string processes;  // among which the number counts: the boot and the namespace
  int64_t pid = 0, start = 0;

  static LockOwner self();
  // Nothing for what is no lock, or the beginning of one.
  static std::optional<LockOwner> parse(const std::string& text);
  // What parse() takes.
  std::string dump() const;
  // "process 17 on HOST"
  std::string name() const;
};

enum class LockState { kHeld, kLeft };

// Whether the owner of a lock file is gone. A process can be asked for where its number is among ours; of others the file's
// time tells, which owners renew twice a minute: after five minutes they are gone.
LockState lock_state(const std::filesystem::path& file, const std::optional<LockOwner>& owner);

// The text of a lock; empty where there is none (any more).
std::string read_lock(const std::filesystem::path& file);

}  // namespace glid
