// Where memory goes that is freed.
#pragma once

namespace glid {

// Memory that is freed stays the program's, in huge pages where Linux has them: an update frees and takes the same hundreds of
// megabytes again and again, and pages that come anew are zeroed one by one. Blocks from 1 GiB on still go back at once.
// Costs some 10 MiB, and that other programs get nothing back before this one ends. Called once, before threads start.
// Returns whether it is so: not where MALLOC_.. variables or GLIBC_TUNABLES ask for something else, nor without glibc's
// allocator.
bool keep_freed_memory();

}  // namespace glid
