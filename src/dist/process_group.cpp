#include <ATen/ATen.h>

#include <chrono>
#include <exception>

#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/comm.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include "backends.h"
#include "gradient_reduction.h"
#include "groups.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"

namespace glid {
namespace {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;
using StorePtr = c10::intrusive_ptr<c10d::Store>;
using GroupPtr = c10::intrusive_ptr<c10d::ProcessGroup>;

constexpr size_t kBroadcastBytes = size_t{250} << 20;
constexpr std::chrono::minutes kLeaveTimeout{30};

StorePtr open_tcp_store(const LaunchEnv& env) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(env.master_port);
  options.isServer = env.rank == 0 && !env.agent_store;
  options.numWorkers = env.size;
  options.waitWorkers = !env.agent_store;
  try {
    StorePtr store = c10::make_intrusive<c10d::TCPStore>(env.master_addr, options);
    if (!env.agent_store) return store;
    return c10::make_intrusive<c10d::PrefixStore>(format("/worker/attempt_{}", env.restart_count), store);
  } catch (const c10::Error& error) {
    throw UsageError("MASTER_ADDR", error.what_without_backtrace(), format("{}:{}", env.master_addr, env.master_port),
                     "the ranks must be able to meet there");
  }
}

StorePtr open_store(const LaunchEnv& env) {
  if (env.store_file.empty()) return open_tcp_store(env);
  return c10::make_intrusive<c10d::FileStore>(env.store_file, env.size);
}

// The bound device is handed to backends as they are set, so it comes first.
GroupPtr join(const StorePtr& store, const LaunchEnv& env, c10::Device device) {
  const auto prefixed = [&](const char* name) { return c10::make_intrusive<c10d::PrefixStore>(name, store); };
  auto group = c10::make_intrusive<c10d::ProcessGroup>(prefixed("group/"), env.rank, env.size);
  if (device.is_cuda()) {
    group->setDefaultBackend(c10d::ProcessGroup::NCCL);
    group->setBoundDeviceId(device);
    const auto nccl = make_nccl_backend(prefixed("nccl/"), env, device);
    nccl->setSequenceNumberForGroup();
    group->setBackend(c10::kCUDA, c10d::ProcessGroup::NCCL, nccl);
  } else {
    group->setDefaultBackend(c10d::ProcessGroup::GLOO);
  }
  const auto gloo = make_gloo_backend(prefixed("gloo/"), env);
  gloo->setSequenceNumberForGroup();
  group->setBackend(c10::kCPU, c10d::ProcessGroup::GLOO, gloo);
  group->setGroupName("glid");
  group->setGroupDesc("glid");
  return group;
}

std::vector<at::Tensor> tensors_of(const NamedTensors& named) {
  std::vector<at::Tensor> result;
  for (const auto& [name, tensor] : named) result.push_back(tensor);
  return result;
}

std::unordered_map<size_t, std::string> names_of(const NamedTensors& named) {
  std::unordered_map<size_t, std::string> result;
  for (size_t i = 0; i < named.size(); ++i) result[i] = named[i].first;
  return result;
}

// Backward reaches the last parameters first, so the first bucket holds them, small, to start the traffic early.
std::vector<std::vector<size_t>> assign_buckets(const std::vector<at::Tensor>& parameters) {
  const std::vector<at::Tensor> reversed(parameters.rbegin(), parameters.rend());
  std::vector<int64_t> indices;
  for (size_t i = parameters.size(); i > 0; --i) indices.push_back(static_cast<int64_t>(i) - 1);
  return std::get<0>(c10d::compute_bucket_assignment_by_size(
      reversed, {c10d::kDefaultFirstBucketBytes, c10d::kDefaultBucketBytesCap}, /*expect_sparse_gradient=*/{}, indices));
}

class FixedBucketReducer : public c10d::Reducer {
 public:
  FixedBucketReducer(const NamedTensors& parameters, const std::vector<at::Tensor>& tensors, const GroupPtr& group)
      : Reducer(tensors, assign_buckets(tensors), group, /*expect_sparse_gradients=*/std::vector<bool>(tensors.size(), false),
                c10d::kDefaultBucketBytesCap, /*find_unused_parameters=*/false, /*gradient_as_bucket_view=*/true,
                names_of(parameters), c10d::kDefaultFirstBucketBytes, /*skip_all_reduce_unused_params=*/false,
                /*use_python_reducer=*/false, /*bucket_bytes_cap_list=*/{}) {
    // The buckets are final; otherwise every backward would lengthen the list for a rebuild that never comes.
    has_rebuilt_bucket_ = true;
  }
};

class GroupReduction : public GradientReduction {
 public:
  GroupReduction(const NamedTensors& parameters, const std::vector<at::Tensor>& tensors, const GroupPtr& group)
      : reducer_(std::make_unique<FixedBucketReducer>(parameters, tensors, group)) {}
  void prepare() override { reducer_->prepare_for_backward({}); }

 private:
  std::unique_ptr<FixedBucketReducer> reducer_;
};

class GroupCommunicator : public Communicator {
 public:
  GroupCommunicator(const LaunchEnv& env, c10::Device device)
      : Communicator(env), store_(open_store(env)), group_(join(store_, env, device)) {
    barrier();
  }

  ~GroupCommunicator() override {
    try {
      std::uncaught_exceptions() > 0 ? group_->abort() : leave();
    } catch (const std::exception& error) {
      log_warning("leaving the group of {} ranks: {}", size(), error.what());
    }
  }

  void all_reduce_sum(const at::Tensor& values) override {
    std::vector<at::Tensor> list = {communicable(values)};
    group_->allreduce(list)->wait();
  }

  void broadcast(const at::Tensor& values, int root) override {
    std::vector<at::Tensor> list = {communicable(values)};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    group_->broadcast(list, options)->wait();
  }

  void barrier() override { all_reduce_sum(at::zeros({1})); }

 private:
  static at::Tensor communicable(const at::Tensor& values) {
    TORCH_CHECK(values.is_non_overlapping_and_dense() && values.is_contiguous(), "a collective needs a contiguous tensor, got ",
                values.sizes(), " with strides ", values.strides());
    return values.detach();
  }

  std::unique_ptr<GradientReduction> make_reduction(const NamedTensors& parameters) override {
    const std::vector<at::Tensor> tensors = tensors_of(parameters);
    c10d::verify_params_across_processes(group_, tensors, std::nullopt);
    const at::NoGradGuard no_grad;
    c10d::broadcast_coalesced(group_, tensors, kBroadcastBytes);
    return std::make_unique<GroupReduction>(parameters, tensors, group_);
  }

  void say(const char* what) { store_->set(format("{}/{}", what, rank()), "1"); }
  void wait_for_all(const char* what) {
    std::vector<std::string> keys;
    for (int rank = 0; rank < size(); ++rank) keys.push_back(format("{}/{}", what, rank));
    store_->wait(keys, kLeaveTimeout);
  }

  // Nobody closes a connection that another still reads from, and rank 0, which may serve the store, is the last.
  void leave() {
    say("finished");
    wait_for_all("finished");
    group_->shutdown();
    group_.reset();
    say("left");
    if (is_main()) wait_for_all("left");
  }

  StorePtr store_;
  GroupPtr group_;
};

}  // namespace

std::unique_ptr<Communicator> make_process_group(const LaunchEnv& env, c10::Device device) {
  return std::make_unique<GroupCommunicator>(env, device);
}

}  // namespace glid
