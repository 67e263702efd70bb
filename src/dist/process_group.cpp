#include <ATen/ATen.h>
#include <c10/util/Logging.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "backends.h"
#include "bucket_reduction.h"
#include "glid/core/crc32c.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "groups.h"
#include "lost_peer.h"

namespace glid {
namespace {

using StorePtr = c10::intrusive_ptr<c10d::Store>;
using GroupPtr = c10::intrusive_ptr<c10d::ProcessGroup>;

using Milliseconds = std::chrono::milliseconds;

// Rank 0 can't serve the store at its address: a mistake. Who can't reach it, or waits in vain: a lost peer.
StorePtr open_tcp_store(const LaunchEnv& env, Milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(env.master_port);
  options.isServer = env.rank == 0 && !env.agent_store;
  options.numWorkers = env.size;
  options.waitWorkers = !env.agent_store;
  options.timeout = timeout;
  try {
    StorePtr store = c10::make_intrusive<c10d::TCPStore>(env.master_addr, options);
    if (!env.agent_store) return store;
    return c10::make_intrusive<c10d::PrefixStore>(format("/worker/attempt_{}", env.restart_count), store);
  } catch (const c10::DistNetworkError& error) {
    if (!options.isServer) throw;
    throw UsageError("MASTER_ADDR", error.what_without_backtrace(), format("{}:{}", env.master_addr, env.master_port),
                     "the ranks must be able to meet there");
  }
}

StorePtr open_store(const LaunchEnv& env, Milliseconds timeout) {
  if (env.store_file.empty()) return open_tcp_store(env, timeout);
  const StorePtr store = c10::make_intrusive<c10d::FileStore>(env.store_file, env.size);
  store->setTimeout(timeout);
  return store;
}

// The bound device is handed to backends as they are set, so it comes first.
GroupPtr join(const StorePtr& store, const LaunchEnv& env, c10::Device device, Milliseconds timeout) {
  const auto prefixed = [&](const char* name) { return c10::make_intrusive<c10d::PrefixStore>(name, store); };
  auto group = c10::make_intrusive<c10d::ProcessGroup>(prefixed("group/"), env.rank, env.size);
  if (device.is_cuda()) {
    group->setDefaultBackend(c10d::ProcessGroup::NCCL);
    group->setBoundDeviceId(device);
    const auto nccl = make_nccl_backend(prefixed("nccl/"), env, device, timeout);
    nccl->setSequenceNumberForGroup();
    group->setBackend(c10::kCUDA, c10d::ProcessGroup::NCCL, nccl);
  } else {
    group->setDefaultBackend(c10d::ProcessGroup::GLOO);
  }
  const auto gloo = make_gloo_backend(prefixed("gloo/"), env, timeout);
  gloo->setSequenceNumberForGroup();
  group->setBackend(c10::kCPU, c10d::ProcessGroup::GLOO, gloo);
  group->setGroupName("glid");
  group->setGroupDesc("glid");
  return group;
}

// Name, shape and type of each parameter in a number. [parameters]
at::Tensor fingerprints(const NamedTensors& parameters) {
  std::vector<int64_t> result;
  for (const auto& [name, tensor] : parameters) {
    const std::string text = c10::str(name, tensor.sizes(), tensor.scalar_type());
    result.push_back(crc32c(text.data(), text.size()));
  }
  return at::tensor(result);
}

// Who accepts a connection and never answers is waited for without end by the transports: so this ends the process.
class MeetingWatch {
 public:
  MeetingWatch(std::string place, std::string meeting, Milliseconds timeout)
      : watch_([place = std::move(place), meeting = std::move(meeting), timeout](const std::stop_token& stop) {
          std::mutex mutex;
          std::condition_variable_any met;
          std::unique_lock lock(mutex);
          met.wait_for(lock, stop, timeout + kPatience, [&] { return stop.stop_requested(); });
          if (!stop.stop_requested()) end_by_lost_peer(place, meeting, std::runtime_error("a rank does not answer"));
        }) {}

 private:
  static constexpr std::chrono::seconds kPatience{5};  // for what the transports say themselves
  std::jthread watch_;
};

class GroupCommunicator : public Communicator {
 public:
  GroupCommunicator(const LaunchEnv& env, c10::Device device, Milliseconds timeout)
      : Communicator(env), device_(device), timeout_(timeout) {
    const std::string meeting = format("the meeting of {} ranks", size());
    const MeetingWatch watch(place(), meeting, timeout);
    with_lost_peer_named(place(), meeting, [&] {
      store_ = open_store(env, timeout);
      group_ = join(store_, env, device, timeout);
      do_all_reduce_sum(at::zeros({1}));
    });
    end_by_lost_peer_in_threads_of(this);
  }

  ~GroupCommunicator() override {
    end_by_lost_peer_in_threads_of(nullptr);
    const bool failing = std::uncaught_exceptions() > 0;
    try {
      failing ? keep_until_exit() : leave();
    } catch (const std::exception& error) {
      if (!failing) end_by_lost_peer(place(), format("the parting of {} ranks", size()), error);
      log_warning("leaving the group of {} ranks: {}", size(), error.what());
    }
  }

 private:
  void do_all_reduce_sum(const at::Tensor& values) override {
    std::vector<at::Tensor> list = {communicable(values)};
    group_->allreduce(list)->wait();
  }

  void do_broadcast(const at::Tensor& values, int root) override {
    std::vector<at::Tensor> list = {communicable(values)};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    group_->broadcast(list, options)->wait();
  }

  void do_all_gather(const at::Tensor& values) override {
    at::Tensor all = communicable(values), own = all.view({size(), -1})[rank()];
    group_->_allgather_base(all, own)->wait();
  }

  static at::Tensor communicable(const at::Tensor& values) {
    TORCH_CHECK(values.is_contiguous(), "a collective needs a contiguous tensor, got ", values.sizes(), " with strides ",
                values.strides());
    return values.detach();
  }

  std::unique_ptr<GradientReduction> make_reduction(const NamedTensors& parameters,
                                                    const ReductionOptions& options) override {
    check_same_parameters(parameters);
    std::unique_ptr<GradientReduction> reduction;
    as_collective(*this, "the broadcast of", "the parameters",
                  [&] { reduction = make_bucket_reduction(parameters, group_, options); });
    return reduction;
  }

  // c10d's own check lets rank 0 pass, which then waits for ranks that have thrown. Here all ranks throw.
  void check_same_parameters(const NamedTensors& parameters) {
    const int64_t count = static_cast<int64_t>(parameters.size());
    check_as_main(at::tensor({count}), [&](int64_t) { return format("the number of parameters, {} here,", count); });
    check_as_main(fingerprints(parameters), [&](int64_t i) {
      const auto& [name, tensor] = parameters[i];
      return c10::str("parameter ", i, ", ", name, " ", tensor.sizes(), " of ", tensor.scalar_type(), " here,");
    });
  }

  template <typename Describe>
  void check_as_main(const at::Tensor& values, Describe describe) {
    const at::Tensor main_values = values.clone();
    broadcast(main_values, 0, "the parameters' shapes");
    const at::Tensor different = values.ne(main_values).nonzero();
    const at::Tensor num_different = at::tensor({different.size(0)});
    all_reduce_sum(num_different, "the parameters' differences");
    const auto fails = [&](const std::string& what) { TORCH_CHECK(false, "rank ", rank(), ": ", what); };
    if (different.size(0) > 0) fails(describe(different[0].item<int64_t>()) + " differs from rank 0's");
    if (num_different.item<int64_t>() > 0) fails("another rank has different parameters");
  }

  void say(const char* what) { store_->set(format("{}/{}", what, rank()), "1"); }
  void wait_for_all(const char* what) {
    std::vector<std::string> keys;
    for (int rank = 0; rank < size(); ++rank) keys.push_back(format("{}/{}", what, rank));
    store_->wait(keys, timeout_);
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

  // A rank that fails keeps its connections until its process ends: it is then the first to end, and the launcher names
  // it, not one that lost its peer.
  void keep_until_exit() {
    static auto* kept = new std::vector<GroupPtr>;
    if (device_.is_cuda()) group_->getBackend(c10::kCUDA)->abort();  // its threads must not outlive the driver
    kept->push_back(std::move(group_));
  }

  c10::Device device_;
  Milliseconds timeout_;
  StorePtr store_;
  GroupPtr group_;
};

}  // namespace

std::unique_ptr<Communicator> make_process_group(const LaunchEnv& env, c10::Device device,
                                                 std::chrono::milliseconds timeout) {
  if (!std::getenv("TORCH_CPP_LOG_LEVEL")) FLAGS_caffe2_log_level = 3;  // what c10d would log we say in one line ourselves
  return std::make_unique<GroupCommunicator>(env, device, timeout);
}

}  // namespace glid
