// A micro-batch on its way through the loader's threads, and what is done to each of its samples.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  Targets targets;
  SamplePlan plan;
  std::vector<BadFile> bad_files;
  std::exception_ptr error;
};

struct Frame {
  std::vector<Slot> slots;
  uint8_t* pixels = nullptr;  // [slots][H][W][3], rows of the slots read first once complete() has run
  std::shared_ptr<const WindowPlan> plan;
  std::exception_ptr error;  // of the first slot that has one, or of collate()
};

// Turns places into samples. Shared by all threads.
struct SampleReader {
  std::shared_ptr<const Dataset> dataset;
  std::shared_ptr<const IndexPlan> index_plan;
  LoaderOptions options;
  MakePlan make_plan;

  int64_t sample_bytes() const { return options.size_px * options.size_px * 3; }
  // Reads slot `i` of the frame: the first attempt that is not a bad file. Errors end in the slot.
  void fill(Frame& frame, size_t i) const;
  // After the last slot: drops those left out and collates. Errors end in the frame.
  void complete(Frame& frame) const;

 private:
  void read(Slot& slot, uint8_t* pixels) const;
  std::optional<Sample> try_read(const SampleKey& key, Slot& slot) const;
  void collate_frame(Frame& frame) const;
};

}  // namespace glid
