// Autograd asks its engine for hooks around every tensor that an operation saves (PyTorch's saved_tensors_hooks; in C++ they
// come from a subclass of the engine, as Python's do). Within a segment they keep the tensor's number instead.
#include "glid/nn/activation_checkpoint.h"

#include <ATen/ATen.h>
#include <ATen/ThreadLocalState.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/saved_variable_hooks.h>

#include <memory>
#include <utility>
#include <vector>

#include "glid/nn/weight_copies.h"

namespace glid {
namespace {

class Segment {
 public:
  explicit Segment(std::function<at::Tensor()> compute) : compute_(std::move(compute)) {}

  at::Tensor compute() const { return compute_(); }
  // In the forward pass a number, in the second one the tensor with it.
  size_t pack(const at::Tensor& tensor) {
    if (recomputing_) tensors_.push_back(tensor.detach());  // from the second graph
    else ++num_packed_;
    return num_packed_ - 1;
  }
  at::Tensor unpack(size_t number) {
    if (tensors_.empty() || !tensors_[number].defined()) recompute();
    return std::exchange(tensors_[number], {});
  }

 private:
  void recompute();

  std::function<at::Tensor()> compute_;
  at::ThreadLocalState state_;  // gradients on, and of autocast what the forward pass had
  std::shared_ptr<const LentWeights> weights_ = LentWeights::current();
  size_t num_packed_ = 0;
  bool recomputing_ = false;
  std::vector<at::Tensor> tensors_;
};

thread_local std::shared_ptr<Segment> current;
thread_local bool are_checkpointed = false;

// Of this thread while it lives.
class CurrentSegment {
 public:
  explicit CurrentSegment(std::shared_ptr<Segment> segment) {
    TORCH_CHECK(!current, "segments whose activations are checkpointed don't nest");
    current = std::move(segment);
  }
  ~CurrentSegment() { current = nullptr; }
  CurrentSegment(const CurrentSegment&) = delete;
  CurrentSegment& operator=(const CurrentSegment&) = delete;
};

class NumberInSegment : public torch::autograd::SavedVariableHooks {
 public:
  explicit NumberInSegment(std::shared_ptr<Segment> segment) : segment_(std::move(segment)) {}
  void call_pack_hook(const at::Tensor& tensor) override { number_ = segment_->pack(tensor); }
  at::Tensor call_unpack_hook() override { return segment_->unpack(number_); }

 private:
  std::shared_ptr<Segment> segment_;
  size_t number_ = 0;
};

struct EngineWithSegments : torch::autograd::Engine {
  std::unique_ptr<torch::autograd::SavedVariableHooks> get_default_saved_variable_hooks() override {
    return current ? std::make_unique<NumberInSegment>(current) : nullptr;
  }
};

torch::autograd::Engine& engine_with_segments() {
  static auto* engine = new EngineWithSegments;  // its threads end with the process
  return *engine;
}

// Casts of weights made in the backward pass would stay behind: nobody clears the cache there.
class WithoutCastCache {
 public:
  WithoutCastCache() : was_enabled_(at::autocast::is_autocast_cache_enabled()) {
    at::autocast::set_autocast_cache_enabled(false);
  }
  ~WithoutCastCache() { at::autocast::set_autocast_cache_enabled(was_enabled_); }
  WithoutCastCache(const WithoutCastCache&) = delete;
  WithoutCastCache& operator=(const WithoutCastCache&) = delete;

 private:
  bool was_enabled_;
};

// The second graph is dropped at once; its saved tensors are detached and remain.
void Segment::recompute() {
  const at::ThreadLocalStateGuard as_before(state_);
  const WithoutCastCache no_cache;
  const LentWeights::Again weights(weights_);
  tensors_.clear();
  recomputing_ = true;
  // The hooks of the second graph own nothing: it is gone before this ends.
  const CurrentSegment segment(std::shared_ptr<Segment>(std::shared_ptr<Segment>(), this));
  (void)compute_();
  recomputing_ = false;
  TORCH_CHECK(tensors_.size() == num_packed_, "a segment saved ", num_packed_, " tensors and then ", tensors_.size());
}

}  // namespace

at::Tensor checkpoint_activations(std::function<at::Tensor()> segment) {
  if (!at::GradMode::is_enabled()) return segment();
  static const bool installed = (torch::autograd::set_default_engine_stub(&engine_with_segments), true);
  (void)installed;
  const auto kept = std::make_shared<Segment>(std::move(segment));
  const CurrentSegment current_segment(kept);
  return kept->compute();
}

CheckpointedBlocks::CheckpointedBlocks(bool active) {
  TORCH_CHECK(!are_checkpointed, "blocks are checkpointed already");
  are_checkpointed = active;
}

CheckpointedBlocks::~CheckpointedBlocks() { are_checkpointed = false; }

at::Tensor CheckpointedBlocks::block(std::function<at::Tensor()> compute) {
  return are_checkpointed ? checkpoint_activations(std::move(compute)) : compute();
}

}  // namespace glid
