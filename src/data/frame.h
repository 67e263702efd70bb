// A micro-batch on its way through the loader's threads, and what is done to each of its samples.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "glid/data/batch.h"
#include "glid/data/dataset.h"
#include "glid/data/epoch_plan.h"
#include "glid/data/loader.h"

namespace glid {

struct BadFile {
  int64_t id = 0;
  std::string reason;
};

// One place of a micro-batch; belongs to the thread that claimed it.
struct Slot {
  Place place;
  std::optional<SampleKey> key;  // of the sample read; none: left out
  std::string name;              // of the last one tried
  std::vector<PreparedImage> images;
  std::vector<BadFile> bad_files;
  std::exception_ptr error;
};

struct Frame {
  std::vector<Slot> slots;
  Batch batch;               // once complete() has run
  std::exception_ptr error;  // of the first slot that has one, or of making the batch
};

// Turns places into samples. Shared by all threads.
struct SampleReader {
  std::shared_ptr<const Dataset> dataset;
  std::shared_ptr<const IndexPlan> index_plan;
  LoaderOptions options;
  Prepare prepare;

  // Reads slot `i` of the frame: the first attempt that is not a bad file. Errors end in the slot.
  void fill(Frame& frame, size_t i) const;
  // After the last slot: makes the batch of those read. Errors end in the frame.
  void complete(Frame& frame, const Allocate& allocate) const;

 private:
  void read(Slot& slot) const;
  bool try_read(const SampleKey& key, Slot& slot) const;
};

}  // namespace glid
