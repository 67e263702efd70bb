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
// thread is the caller's. The first exception ends the loop and is thrown here.
template <class Body>
void parallel_for(int64_t count, int64_t num_threads, const Body& body) {
  std::atomic<int64_t> next = 0;
  std::exception_ptr error;
  std::once_flag first_error;
  const auto work = [&](int64_t worker) {
    try {
      for (int64_t i; (i = next++) < count;) body(i, worker);
    } catch (...) {
      std::call_once(first_error, [&] { error = std::current_exception(); });
      next = count;
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
