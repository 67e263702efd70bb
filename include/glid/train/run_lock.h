// One run, one folder: the claim of a process on the folder that it writes.
#pragma once

#include <filesystem>
#include <string>
#include <thread>

#include "glid/core/lock_owner.h"

namespace glid {

// Held from construction to destruction by the file `run.lock`, which names host, process, the process's start and among
// which processes it counts, and whose time is renewed every half minute.
class RunLock {
 public:
  // Makes the folder if need be, which goes again with the lock if nothing was written. A lock whose process is gone is
  // taken over with a line in the log: one of this boot and process namespace whose process doesn't exist any more, any
  // other that was not renewed for five minutes. Throws UsageError while another run has the folder.
  explicit RunLock(const std::filesystem::path& folder);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  static constexpr const char* kFile = kRunLockFile;

 private:
  void renew(const std::stop_token& stop) const;

  std::filesystem::path file_;
  std::string own_;  // the file's content
  bool made_folder_ = false;
  std::jthread renewing_;
};

}  // namespace glid
