// What is on the disk only until a program's work is done, and is removed too where a signal ends the program.
#pragma once

#include <filesystem>
#include <vector>

namespace glid {

// From here on SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGPIPE (those that were not ignored) end the program as they would,
// once its temporary files and folders are gone. Call it before the first thread is made: all of them leave these signals to
// one that waits for them.
void remove_temporaries_on_signals();

// Ends the process as the signal would by default. Safe in a signal handler.
[[noreturn]] void end_by_signal(int signal);

// What AtomicFile and AtomicFolder write to, from before it is there until it is gone: a signal removes it, content and all.
void add_temporary(const std::filesystem::path& path);
void forget_temporary(const std::filesystem::path& path);

// The way to a file or folder that will be written. The missing folders above it are made, and removed again, if empty,
// unless keep() was called; what killed programs left of it goes (leftovers.h). Throws Error (kInternal) where they can't be
// made.
class FoldersAbove {
 public:
  explicit FoldersAbove(const std::filesystem::path& path);
  ~FoldersAbove();
  FoldersAbove(const FoldersAbove&) = delete;
  FoldersAbove& operator=(const FoldersAbove&) = delete;

  void keep();

 private:
  std::vector<std::filesystem::path> made_;  // from the outermost
};

}  // namespace glid
