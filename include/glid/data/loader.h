// From an index plan to batches: decode threads fill the next steps while the caller works on this one. What a batch
// holds depends on the plan alone, never on the number of threads.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/data/epoch_plan.h"
#include "glid/nn/window_plan.h"

namespace glid {

// A micro-batch of B samples.
struct Batch {
  at::Tensor images;            // uint8 [B, H, W, 3], RGB, on the loader's device
  std::vector<SampleKey> keys;  // of the samples really read
  std::vector<std::string> names;
  std::vector<Targets> targets;            // what crop and flip leave true: the label
  std::shared_ptr<const WindowPlan> plan;  // of the B masks, row for row
  int64_t bad_files = 0;                   // files that could not be read on the way to these samples

  int64_t size() const { return static_cast<int64_t>(keys.size()); }
};

// Draws a sample's mask and plans its windows; called in the decode threads.
using MakePlan = std::function<SamplePlan(const SampleKey& key, int64_t height_px, int64_t width_px)>;

struct LoaderOptions {
  int64_t size_px = 192;
  bool augment = true;         // train_image(), else eval_image()
  int64_t workers = 2;         // decode threads; 0 decodes in next()
  int64_t max_bad_files = 10;  // different files, of this rank
  StageWindows windows{};
  c10::Device device = c10::kCPU;
};

class Loader {
 public:
  // Nothing is read before the first next().
  Loader(std::shared_ptr<const Dataset> dataset, std::shared_ptr<const IndexPlan> plan, LoaderOptions options,
         MakePlan make_plan);
  // Ends the threads, whatever they are at; a file being decoded is finished first.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next next() returns `step`. What was prefetched is dropped.
  void seek(int64_t step);
  // All micro-batches of this rank for the next step. At the end of a validation plan an empty list, then the first step
  // again. On CUDA the copies run on the current stream; a CPU buffer is used again once its tensor is dropped.
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
