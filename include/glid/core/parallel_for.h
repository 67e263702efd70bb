// A loop over several threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace glid {

// Calls body(i, worker) for i = 0 ... count - 1 in any order, worker = 0 ... num_threads - 1 telling the threads apart; one
// thread is the caller's. An exception ends the loop; thrown here is that of the smallest i, which is the same one however
// many threads there are.
template <class Body>
void parallel_for(int64_t count, int64_t num_threads, const Body& body) {
  std::atomic<int64_t> next = 0;
  std::exception_ptr error;
  int64_t first_wrong = count;
  std::mutex mutex;
  const auto work = [&](int64_t worker) {
    int64_t i = 0;
    try {
      while ((i = next++) < count) body(i, worker);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (i < first_wrong) error = std::current_exception(), first_wrong = i;
      next = count;  // those before i have begun already and end as they may
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int64_t worker = 1; worker < num_threads && worker < count; ++worker) threads.emplace_back(work, worker);
    work(0);
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace glid
