// From an index plan to batches: decode threads fill the next steps while the caller works on this one. What a batch
// holds depends on the plan alone, never on the number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "glid/data/batch.h"
#include "glid/data/dataset.h"
#include "glid/data/epoch_plan.h"
#include "glid/data/prepared.h"

namespace glid {

struct LoaderOptions {
  int64_t unit_px = 32;
  int64_t workers = 2;         // decode threads; 0 decodes in next()
  int64_t max_bad_files = 10;  // different files, of this rank
  bool page_locked = false;    // memory that a GPU reads without the host's waiting
};

class Loader {
 public:
  // Nothing is read before the first next().
  Loader(std::shared_ptr<const Dataset> dataset, std::shared_ptr<const IndexPlan> plan, LoaderOptions options,
         Prepare prepare);
  // Ends the threads, whatever they are at; a file being decoded is finished first.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next next() returns `step`. What was prefetched is dropped.
  void seek(int64_t step);
  // All micro-batches of this rank for the next step, on the host: whoever works on one brings it to the device, so that one
  // is there at a time. At the end of a validation plan an empty list, then the first step again. A buffer is used again
  // once its tensor is dropped.
  // Bad files are named in the log; over max_bad_files a DataError names the last. Any other exception of a decode
  // thread is thrown here with the sample's name, by every call until seek().
  std::vector<Batch> next();

  // The step that next() returns.
  int64_t step() const;
  // Seconds that calls of next() have waited for samples (without threads: decoded) so far.
  double wait_s() const;

 private:
  class Pipeline;
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace glid
