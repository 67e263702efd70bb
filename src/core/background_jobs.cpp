#include "glid/core/background_jobs.h"

#include <algorithm>
#include <utility>

#include "glid/core/start_threads.h"

namespace glid {

BackgroundJobs::BackgroundJobs(int64_t num_threads, int64_t most_waiting)
    : most_waiting_(static_cast<size_t>(std::max<int64_t>(1, most_waiting))) {
  start_threads(
      threads_, std::max<int64_t>(1, num_threads), [this] { work(); }, [this] { join(); });
}

BackgroundJobs::~BackgroundJobs() { join(); }

void BackgroundJobs::join() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  has_job_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void BackgroundJobs::rethrow() const {
  if (error_) std::rethrow_exception(error_);
}

void BackgroundJobs::add(std::function<void()> job) {
  std::unique_lock lock(mutex_);
  has_room_.wait(lock, [&] { return error_ || waiting_.size() < most_waiting_; });
  rethrow();
  waiting_.push_back(std::move(job));
  has_job_.notify_one();
}

void BackgroundJobs::finish() {
  std::unique_lock lock(mutex_);
  has_room_.wait(lock, [&] { return error_ || (waiting_.empty() && num_running_ == 0); });
  rethrow();
}

void BackgroundJobs::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    has_job_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
    if (closing_) return;
    const std::function<void()> job = std::move(waiting_.front());
    waiting_.pop_front();
    ++num_running_;
    lock.unlock();
    std::exception_ptr error;
    try {
      job();
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    --num_running_;
    if (error && !error_) error_ = error;
    has_room_.notify_all();
  }
}

}  // namespace glid
