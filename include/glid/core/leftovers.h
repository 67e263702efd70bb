// What a program that was killed (SIGKILL) had half-written: "<final>.<6 hex digits>.tmp", and, where the file system can't
// exchange two folders in one step, what it was replacing: "<final>.<6 hex digits>.tmp.old".
#pragma once

#include <filesystem>

namespace glid {

// Whether it is called so.
bool is_leftover_name(const std::filesystem::path& path);

// Removes, with a line in the log, what lies beside a final place (links are followed) and was on the way to it, if its
// writer is gone: nobody holds its lock any more. What was being replaced is put back where the final place is empty. What
// is being written stays untold; so does what changed less than two seconds ago, which may not be locked yet (a time in the
// future counts as long ago). Where nobody can know, nothing is touched and one line names what lies there: on file systems
// that several hosts may share without seeing each other's locks (NFS, Lustre, FUSE; all but those known as local).
void remove_leftovers_of(const std::filesystem::path& final_place);

// The same of everything that was to lie in a folder, which need not be there.
void remove_leftovers_in(const std::filesystem::path& folder);

}  // namespace glid
