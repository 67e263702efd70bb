// Work that a program leaves to threads while it goes on: pictures drawn and files written beside a model.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace glid {

// Jobs begin in the order in which they come and end as they may.
class BackgroundJobs {
 public:
  // At least one thread; throws Error (kInternal) where the system gives none. As many jobs as `most_waiting` wait at a
  // time: they may hold pictures.
  BackgroundJobs(int64_t num_threads, int64_t most_waiting);
  // Jobs that haven't begun are dropped.
  ~BackgroundJobs();
  BackgroundJobs(const BackgroundJobs&) = delete;
  BackgroundJobs& operator=(const BackgroundJobs&) = delete;

  // Waits for room. Throws what a job threw before: it is then of no use to go on.
  void add(std::function<void()> job);
  // Waits for all of them; throws alike.
  void finish();

 private:
  void work();
  void join();
  void rethrow() const;

  const size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable has_job_, has_room_;
  std::deque<std::function<void()>> waiting_;
  int64_t num_running_ = 0;
  bool closing_ = false;
  std::exception_ptr error_;  // the first
  std::vector<std::thread> threads_;
};

}  // namespace glid
