// Threads that work until they are joined.
#pragma once

#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace glid {

// So many threads that do `work`. Where the system gives no more, calls join(), which ends those that there are, and throws
// Error (kInternal).
void start_threads(std::vector<std::thread>& threads, int64_t count, const std::function<void()>& work,
                   const std::function<void()>& join);

}  // namespace glid
