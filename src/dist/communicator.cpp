#include "glid/dist/communicator.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "glid/core/format.h"
#include "groups.h"
#include "lost_peer.h"

namespace glid {

std::string Communicator::place() const {
  const int64_t step = step_;
  return step == 0 ? format("rank {}, at start-up", rank_) : format("rank {}, step {}", rank_, step);
}

void Communicator::all_reduce_sum(const at::Tensor& values, const char* what) {
  as_collective(*this, "the all-reduce of", what, [&] { do_all_reduce_sum(values); });
}

void Communicator::broadcast(const at::Tensor& values, int root, const char* what) {
  as_collective(*this, "the broadcast of", what, [&] { do_broadcast(values, root); });
}

void Communicator::all_gather(const at::Tensor& values, const char* what) {
  as_collective(*this, "the gathering of", what, [&] { do_all_gather(values); });
}

// A broadcast of each rank's: the lengths differ, and nobody pads to the longest.
std::vector<std::string> Communicator::all_gather_bytes(const std::string& bytes, const char* what) {
  const at::Tensor lengths = at::zeros({size_}, at::kLong);
  lengths.mutable_data_ptr<int64_t>()[rank_] = std::ssize(bytes);
  std::vector<std::string> all;
  as_collective(*this, "the gathering of", what, [&] {
    do_all_reduce_sum(lengths);
    for (int root = 0; root < size_; ++root) {
      const int64_t length = lengths.const_data_ptr<int64_t>()[root];
      std::string& theirs = all.emplace_back(root == rank_ ? bytes : std::string(static_cast<size_t>(length), '\0'));
      if (length > 0) do_broadcast(at::from_blob(theirs.data(), {length}, at::kByte), root);
    }
  });
  return all;
}

void Communicator::barrier() {
  as_collective(*this, "the barrier", "", [&] { do_all_reduce_sum(at::zeros({1})); });
}

std::unique_ptr<Communicator> make_communicator(const LaunchEnv& env, c10::Device device, double timeout_s) {
  if (!env.has_meeting_place()) return make_local_group(env);
  const std::chrono::milliseconds timeout(std::max<int64_t>(1, std::llround(timeout_s * 1000)));
  return make_process_group(env, device, timeout);
}

}  // namespace glid
