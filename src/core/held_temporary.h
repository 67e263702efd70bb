// The lock of a temporary file or folder: while its writer lives, and as long as the kernel knows that.
#pragma once

#include <filesystem>

namespace glid {

// Locks (flock) what stands at `place`, which is at `temporary` or will be moved there; forget_temporary(temporary) gives
// the lock back, and so does the end of the process, whatever its end is. A file system without locks goes without.
void hold_temporary(const std::filesystem::path& temporary, const std::filesystem::path& place);

// Whether it is still the one that was locked: whoever cleans up may have removed it, and writers make its folders anew.
// Without a lock: whether anything is there.
bool is_still_there(const std::filesystem::path& temporary);

}  // namespace glid
