// A group of processes that train together. One process is a group of one: nothing outside dist/ asks which it is.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "glid/dist/launch.h"
#include "glid/dist/named_tensors.h"

namespace glid {

class GradientReduction;
struct ReductionOptions;

// Every rank must make the same calls in the same order; `what` names the values in errors.
// A call throws LostPeerError when another rank has ended or has not made the same call within the group's timeout; the
// error names this rank, the step and the call. NCCL ends the process instead, after the same timeout.
class Communicator {
 public:
  explicit Communicator(const LaunchEnv& env) : rank_(env.rank), size_(env.size), local_rank_(env.local_rank) {}
  virtual ~Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  int local_rank() const { return local_rank_; }
  bool is_main() const { return rank_ == 0; }

  // The update that is being made, from 1, for errors.
  void set_step(int64_t step) { step_ = step; }
  // "rank 1, step 12" or, before the first step, "rank 1, at start-up".
  std::string place() const;

  // In place, on a dense contiguous tensor of any shape, on the CPU or on the group's device, alike on all ranks.
  // The result is ready for work on the current stream; the host waits only for CPU tensors.
  void all_reduce_sum(const at::Tensor& values, const char* what = "values");
  // Every rank gets the values of rank `root`; same conditions.
  void broadcast(const at::Tensor& values, int root, const char* what = "values");
  // [size() * n] values: every rank gets part rank of each, [rank * n, (rank + 1) * n), in place; same conditions.
  void all_gather(const at::Tensor& values, const char* what = "values");
  // The bytes of every rank, in the order of the ranks; any number of them, which may differ, also none. For what the
  // host works with: it waits.
  std::vector<std::string> all_gather_bytes(const std::string& bytes, const char* what = "bytes");
  // Returns when all ranks have called it. A matter of the host: device work may still be running.
  void barrier();

 private:
  friend class GradientReducer;
  virtual void do_all_reduce_sum(const at::Tensor& values) = 0;
  virtual void do_broadcast(const at::Tensor& values, int root) = 0;
  virtual void do_all_gather(const at::Tensor& values) = 0;
  // The part of GradientReducer that depends on the kind of group; every parameter has a defined gradient.
  virtual std::unique_ptr<GradientReduction> make_reduction(const NamedTensors& parameters,
                                                            const ReductionOptions& options) = 0;

  int rank_, size_, local_rank_;
  std::atomic<int64_t> step_ = 0;  // NCCL's watchdog reads it in its own thread
};

constexpr double kCollectiveTimeoutS = 600;

// Joins the group that `env` describes and returns when all ranks have joined. CPU tensors go over Gloo, CUDA tensors
// (device.type() == kCUDA, with an index) over NCCL. A process without a launcher is alone and talks to nobody; a
// launched group of one goes the way of every group.
// Throws UsageError when CUDA is asked for and this build has none, LostPeerError when not all join within `timeout_s`,
// and ends the process with exit code 5 where that would go on 5 s longer (one that stands still accepts connections).
// `timeout_s` is also the longest that a rank waits for the others in any later call. Destroying it waits for the other
// ranks, so that none loses its connection in the middle of a call; during exception handling it does not wait.
std::unique_ptr<Communicator> make_communicator(const LaunchEnv& env, c10::Device device,
                                                double timeout_s = kCollectiveTimeoutS);

}  // namespace glid
