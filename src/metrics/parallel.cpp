#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace glid {

void for_pieces(int64_t count, int64_t piece, int64_t num_threads,
                const std::function<void(int64_t begin, int64_t end, int64_t thread)>& run) {
  std::atomic<int64_t> next = 0;
  std::exception_ptr error;
  std::once_flag has_failed;
  const auto work = [&](int64_t thread) {
    try {
      for (int64_t begin = next.fetch_add(piece); begin < count; begin = next.fetch_add(piece)) {
        run(begin, std::min(begin + piece, count), thread);
      }
    } catch (...) {
      std::call_once(has_failed, [&] { error = std::current_exception(); });
      next = count;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int64_t thread = 1; thread < num_threads; ++thread) threads.emplace_back(work, thread);
    work(0);
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace glid
