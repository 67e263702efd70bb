#include "glid/data/loader.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "buffer_pool.h"
#include "frame.h"
#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/start_threads.h"

namespace glid {
namespace {

constexpr int64_t kPrefetchedSteps = 2;

// A frame in the queue. The counts are changed under the pipeline's lock.
struct Job {
  Frame frame;
  size_t num_claimed = 0, num_filled = 0;
  bool complete = false;

  bool claimable() const { return num_claimed < frame.slots.size(); }
};

}  // namespace

// The calling thread opens jobs and takes them, both in the order of the plan; decode threads fill the slots in between.
class Loader::Pipeline {
 public:
  explicit Pipeline(SampleReader reader) : reader_(std::move(reader)), buffers_(reader_.options.page_locked) {
    start_threads(
        threads_, reader_.options.workers, [this] { work(); }, [this] { join(); });
  }
  ~Pipeline() { join(); }

  void seek(int64_t step);
  std::vector<Batch> next();
  int64_t step() const { return step_; }
  double wait_s() const { return wait_s_; }

 private:
  void open_steps();
  std::shared_ptr<Job> open_job(const std::vector<Place>& places);

  void work();
  void join();
  std::shared_ptr<Job> claimable_job() const;
  void fill_slot(Job& job, std::unique_lock<std::mutex>& lock);

  void wait_for(Job& job);
  void check(const Job& job);
  void count_bad_files(const Slot& slot);
  std::vector<Batch> take_step();

  const SampleReader reader_;
  BufferPool buffers_;

  // Of the calling thread.
  int64_t step_ = 0, next_to_open_ = 0;
  double wait_s_ = 0;
  std::set<int64_t> bad_ids_;

  std::mutex mutex_;
  std::condition_variable has_work_, is_complete_;
  std::deque<std::shared_ptr<Job>> jobs_;  // changed by the calling thread under the lock
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

void Loader::Pipeline::join() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  has_work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Loader::Pipeline::seek(int64_t step) {
  std::lock_guard lock(mutex_);
  jobs_.clear();
  step_ = next_to_open_ = step;
}

std::vector<Batch> Loader::Pipeline::next() {
  while (true) {
    open_steps();
    if (jobs_.empty()) {
      seek(0);
      return {};
    }
    std::vector<Batch> batches = take_step();
    if (batches.empty()) continue;  // every file of it was bad
    if (!threads_.empty()) open_steps();
    return batches;
  }
}

void Loader::Pipeline::open_steps() {
  while (next_to_open_ < step_ + (threads_.empty() ? 1 : kPrefetchedSteps)) {
    std::vector<std::shared_ptr<Job>> opened;
    for (int64_t micro = 0; micro < reader_.index_plan->micro_batches(); ++micro) {
      const auto places = reader_.index_plan->places(next_to_open_, micro);
      if (places.empty()) return;
      opened.push_back(open_job(places));
    }
    std::lock_guard lock(mutex_);
    jobs_.insert(jobs_.end(), opened.begin(), opened.end());
    ++next_to_open_;
    has_work_.notify_all();
  }
}

std::shared_ptr<Job> Loader::Pipeline::open_job(const std::vector<Place>& places) {
  auto job = std::make_shared<Job>();
  job->frame.slots.resize(places.size());
  for (size_t i = 0; i < places.size(); ++i) job->frame.slots[i].place = places[i];
  return job;
}

void Loader::Pipeline::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    std::shared_ptr<Job> job;
    has_work_.wait(lock, [&] { return closing_ || (job = claimable_job()) != nullptr; });
    if (closing_) return;
    fill_slot(*job, lock);
  }
}

std::shared_ptr<Job> Loader::Pipeline::claimable_job() const {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->claimable(); });
  return found == jobs_.end() ? nullptr : *found;
}

// Fills the job's next slot, with the lock released meanwhile; whoever fills the last one completes the frame.
void Loader::Pipeline::fill_slot(Job& job, std::unique_lock<std::mutex>& lock) {
  const size_t i = job.num_claimed++;
  lock.unlock();
  reader_.fill(job.frame, i);
  lock.lock();
  if (++job.num_filled < job.frame.slots.size()) return;
  lock.unlock();
  reader_.complete(job.frame, [this](int64_t bytes) { return buffers_.take(bytes); });
  lock.lock();
  job.complete = true;
  is_complete_.notify_all();
}

// All micro-batches of the first step in the queue, those without samples left out.
std::vector<Batch> Loader::Pipeline::take_step() {
  const auto num_jobs = static_cast<std::ptrdiff_t>(reader_.index_plan->micro_batches());
  const auto end = jobs_.begin() + num_jobs;
  std::for_each(jobs_.begin(), end, [&](auto& job) { wait_for(*job); });
  std::for_each(jobs_.begin(), end, [&](auto& job) { check(*job); });
  std::vector<Batch> batches;
  for (auto job = jobs_.begin(); job != end; ++job) {
    if ((*job)->frame.batch.size() > 0) batches.push_back(std::move((*job)->frame.batch));
  }
  std::lock_guard lock(mutex_);
  jobs_.erase(jobs_.begin(), end);
  ++step_;
  return batches;
}

void Loader::Pipeline::wait_for(Job& job) {
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (threads_.empty() && job.claimable()) fill_slot(job, lock);
  is_complete_.wait(lock, [&] { return job.complete; });
  wait_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Throws what went wrong, in the order of the slots: the same for any number of threads.
void Loader::Pipeline::check(const Job& job) {
  for (const Slot& slot : job.frame.slots) count_bad_files(slot);
  if (job.frame.error) std::rethrow_exception(job.frame.error);
}

void Loader::Pipeline::count_bad_files(const Slot& slot) {
  for (const BadFile& bad : slot.bad_files) {
    if (bad_ids_.contains(bad.id)) continue;
    const size_t count = bad_ids_.size() + 1;
    if (static_cast<int64_t>(count) > reader_.options.max_bad_files) {
      throw DataError("data.max_bad_files", format("{} can't be read, the last one: {}", counted(count, "file"), bad.reason),
                      {}, format("repair the data or raise the limit of {}", reader_.options.max_bad_files));
    }
    bad_ids_.insert(bad.id);
    log_warning("{}; {}", bad.reason, slot.key ? "replaced by " + slot.name : "left out");
  }
}

Loader::Loader(std::shared_ptr<const Dataset> dataset, std::shared_ptr<const IndexPlan> plan, LoaderOptions options,
               Prepare prepare)
    : pipeline_(std::make_unique<Pipeline>(SampleReader{std::move(dataset), std::move(plan), options, std::move(prepare)})) {
}

Loader::~Loader() = default;

void Loader::seek(int64_t step) { pipeline_->seek(step); }
std::vector<Batch> Loader::next() {
  RECORD_USER_SCOPE("data");
  return pipeline_->next();
}
int64_t Loader::step() const { return pipeline_->step(); }
double Loader::wait_s() const { return pipeline_->wait_s(); }

}  // namespace glid
