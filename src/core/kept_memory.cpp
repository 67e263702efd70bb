#include "glid/core/kept_memory.h"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "glid/core/library_version.h"

namespace glid {
namespace {

constexpr int kReturned = 1 << 30;  // blocks of so many bytes go back
constexpr int kMostMapped = 65536;  // glibc's default
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kMostHuge = size_t{16} << 30;

bool somebody_chose() {
  for (const char* variable : {"MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_",
                               "GLIBC_TUNABLES"})
    if (std::getenv(variable)) return true;
  return false;
}

// Where addresses count as memory, nobody may take them in advance: by a limit (ulimit -v), or where the kernel promises no
// more memory than it has.
bool addresses_are_free() {
  for (const auto limit : {RLIMIT_AS, RLIMIT_DATA}) {
    rlimit most{};
    if (::getrlimit(limit, &most) != 0 || most.rlim_cur != RLIM_INFINITY) return false;
  }
  std::ifstream overcommit("/proc/sys/vm/overcommit_memory");
  return overcommit.get() != '2';
}

// Addresses only: what isn't touched takes no memory.
size_t heap_bytes() {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE)), pages = static_cast<size_t>(::sysconf(_SC_PHYS_PAGES));
  return std::min(kMostHuge, page * pages / 2) / kHugePage * kHugePage;
}

// Lets the heap grow once, asks for huge pages there, and leaves it to later allocations.
void ask_for_huge_pages() {
  const size_t bytes = heap_bytes();
  void* heap = std::malloc(bytes);
  if (heap == nullptr) return;
  const auto begin = reinterpret_cast<uintptr_t>(heap), first = (begin + kHugePage - 1) / kHugePage * kHugePage;
  ::madvise(reinterpret_cast<void*>(first), (begin + bytes - first) / kHugePage * kHugePage, MADV_HUGEPAGE);
  std::free(heap);
}

}  // namespace

bool keep_freed_memory() {
  // Another allocator (jemalloc by LD_PRELOAD, say) has malloc and leaves mallopt to glibc.
  if (somebody_chose() || library_of("malloc") != library_of("mallopt") || ::mallopt(M_MMAP_THRESHOLD, kReturned) == 0)
    return false;
  ::mallopt(M_TRIM_THRESHOLD, -1);
  ::mallopt(M_MMAP_MAX, 0);
  if (addresses_are_free()) ask_for_huge_pages();
  ::mallopt(M_MMAP_MAX, kMostMapped);
  return true;
}

}  // namespace glid
