// What this process did last: steps, samples, collectives. Kept in memory of a fixed size, and written as JSON where a run
// ends badly. Recording is a few stores; save() allocates, locks and throws nothing: handlers of signals may call it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace glid {

class FlightRecord {
 public:
  // OUT/flight_rank<rank>.json
  static std::filesystem::path file_of(const std::filesystem::path& out, int rank);
  // Renames a rank's record in `out` to flight_before_rank<rank>.json; rank 0 does so for ranks that there are no more.
  static void set_aside(const std::filesystem::path& out, int rank, int num_ranks);
  // Removes both of them.
  static void remove(const std::filesystem::path& out, int rank, int num_ranks);

  // From here on save() writes file_of(out, rank), and SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT call it before they
  // end the process as they would have done.
  void start(const std::filesystem::path& out, int rank, int num_ranks);
  // The run ended well: nothing is written any more.
  void stop() { started_ = false; }
  // The whole record in one step (by renaming), at the first call after start(); false where it is not written.
  bool save(const char* reason) noexcept;

  // Around an update, from 1; `data_wait_s` is what the process has waited for images so far.
  void begin_step(int64_t step, double data_wait_s);
  void end_step(double data_wait_s);
  // What the step learns from: begin_samples(), then each.
  void begin_samples(int64_t epoch);
  void add_sample(int64_t id);
  // Around a collective: "the all-reduce of" "the losses' counts". Literals: the pointers are kept.
  void begin_collective(const char* kind, const char* what);
  void end_collective();

 private:
  static constexpr size_t kSteps = 33, kCollectives = 33, kBatches = 5, kSamples = 1024;

  template <typename T>
  using Field = std::atomic<T>;  // a handler may read while another thread writes
  struct Step {
    Field<int64_t> step = 0, begin_ns = 0, end_ns = 0, wait_us = 0;
  };
  struct Collective {
    Field<const char*> kind = "", what = "";
    Field<int64_t> step = 0, begin_ns = 0, end_ns = 0;
  };
  struct Batch {
    Field<int64_t> step = 0, epoch = 0, count = 0;
    std::array<Field<int64_t>, kSamples> ids{};
  };
  class Text;  // JSON into a descriptor

  // A slot is filled before it counts, and the one that may be being filled is not written.
  Step& last_step() { return steps_[num_steps_ % kSteps]; }
  Batch& last_batch() { return batches_[num_batches_ % kBatches]; }
  Collective& last_collective() { return collectives_[num_collectives_ % kCollectives]; }
  bool write(const char* reason) const;
  void write_steps(Text& text, int64_t now_ns) const;
  void write_batches(Text& text) const;
  void write_collectives(Text& text, int64_t now_ns) const;

  Field<bool> started_ = false, writing_ = false;
  std::string file_, temporary_, host_;
  int rank_ = 0, num_ranks_ = 1;
  Field<uint64_t> num_steps_ = 0, num_batches_ = 0, num_collectives_ = 0;  // so far; the last of each is at that place
  std::array<Step, kSteps> steps_;
  std::array<Batch, kBatches> batches_;
  std::array<Collective, kCollectives> collectives_;
};

// That of the process, as it has one log.
FlightRecord& flight_record();

}  // namespace glid
