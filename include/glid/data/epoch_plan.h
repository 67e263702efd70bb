// Which samples a rank reads, in which order: pure functions of (seed, step), so that resuming costs nothing and no rank
// needs to hear from another (no LibTorch).
//
// Training. Epoch e is a permutation of the dataset's ids (epoch_order.h), cut into
// steps_per_epoch = size / global_batch whole global batches; the rest of the permutation is dropped. Step s reads the
// positions [offset, offset + global_batch) with e = s / steps_per_epoch and offset = (s % steps_per_epoch) *
// global_batch. Rank r of R, micro-batch m of M gets the (r * M + m)-th of R * M equal parts of them. Micro-batches laid
// end to end, ranks outside, are therefore the same list however a global batch is divided.
//
// A bad file at position p is replaced by the id at position (p + 1) mod size of the same permutation, that one if bad
// too by (p + 2) mod size, and so on: the substitute depends on p alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "glid/data/epoch_order.h"
#include "glid/data/sample.h"

namespace glid {

// Where in which epoch's order a sample stands.
struct Place {
  int64_t epoch = 0;
  int64_t position = 0;
  bool operator==(const Place&) const = default;
};

// Where a sample stands among those that are seen together: multitask training deals tasks by it.
struct BatchPosition {
  int64_t step = 0;
  int64_t position = 0;  // in the global batch
  bool operator==(const BatchPosition&) const = default;
};

// The share of one rank. Safe to use from several threads.
class IndexPlan {
 public:
  virtual ~IndexPlan() = default;
  // Micro-batches of this rank in one step.
  virtual int64_t micro_batches() const = 0;
  // The places of micro-batch `micro` of step `step`; empty when the plan is over (validation only).
  virtual std::vector<Place> places(int64_t step, int64_t micro) const = 0;
  // What stands at `place`: attempt 0, and when that was a bad file its substitutes 1, 2, ...; none: the place is left out.
  virtual std::optional<SampleKey> key(const Place& place, int64_t attempt) const = 0;
  virtual BatchPosition in_batch(const Place& place) const = 0;
};

// How a global batch is divided.
struct BatchLayout {
  int64_t global_batch = 1;
  int64_t micro_batches = 1;  // of each rank (gradient accumulation)
  int64_t rank = 0;
  int64_t world_size = 1;

  int64_t micro_batch_size() const { return global_batch / (world_size * micro_batches); }
};

class TrainingPlan : public IndexPlan {
 public:
  // Throws DataError when `dataset_size` images don't fill one global batch, UsageError when ranks and micro-batches don't
  // divide it.
  TrainingPlan(int64_t dataset_size, uint64_t seed, const BatchLayout& layout, const Blocks& blocks = {});

  int64_t steps_per_epoch() const { return dataset_size_ / layout_.global_batch; }
  // The place of the first sample of the step's global batch.
  Place first_place(int64_t step) const;

  int64_t micro_batches() const override { return layout_.micro_batches; }
  std::vector<Place> places(int64_t step, int64_t micro) const override;
  // Throws DataError when the whole dataset has been tried.
  std::optional<SampleKey> key(const Place& place, int64_t attempt) const override;
  BatchPosition in_batch(const Place& place) const override;

 private:
  int64_t dataset_size_;
  uint64_t seed_;
  BatchLayout layout_;
  std::unique_ptr<const EpochOrder> order_;
};

// Every chosen sample exactly once over all ranks, in order, with keys of epoch 0. A fraction f chooses m = max(1,
// round(f * size)) ids spread evenly, floor(j * size / m), and cuts them into batches, of which the last may be smaller. Of
// n batches rank r of R reads those from n * r / R to n * (r + 1) / R: whatever R is, the same images are together. Bad
// files have no substitutes: they are left out.
class ValidationPlan : public IndexPlan {
 public:
  struct Share {
    double fraction = 1;
    int64_t batch_size = 1;
    int64_t rank = 0;
    int64_t world_size = 1;
  };
  ValidationPlan(int64_t dataset_size, uint64_t seed, const Share& share);

  int64_t num_samples() const { return end_ - begin_; }  // of this rank, without looking at files

  int64_t micro_batches() const override { return 1; }
  std::vector<Place> places(int64_t step, int64_t micro) const override;
  std::optional<SampleKey> key(const Place& place, int64_t attempt) const override;
  // Positions count through the whole set.
  BatchPosition in_batch(const Place& place) const override { return {0, place.position}; }

 private:
  int64_t dataset_size_;
  uint64_t seed_;
  int64_t chosen_, begin_, end_, batch_size_;
};

}  // namespace glid
