// The owner of all gradients: zeroes them, runs backward, and averages them over the ranks while backward runs.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "glid/dist/communicator.h"

namespace glid {

enum class GradientCompression {
  kNone,
  kBf16,  // sent as bf16, summed in the gradients' own type, rounded once more: half the traffic
};

// How ranks average gradients; one process alone does nothing of the kind.
struct ReductionOptions {
  GradientCompression compression = GradientCompression::kNone;
  int64_t bucket_bytes =
      int64_t{25} << 20;  // sent at a time, while backward makes the next ones; the first has at most 1 MiB
};

// Bytes of the buckets, in the order of backward.
std::vector<int64_t> bucket_sizes(const NamedTensors& parameters, int64_t bucket_bytes);

// Gradients are AVERAGED over the ranks: multiply losses by Communicator::size() for a sum. With losses divided by
// counts summed over ranks and micro-batches, R ranks x B samples, R micro-batches x B samples and R * B samples at once
// then give the same gradients.
//
// In a group gradients live in buckets that are laid out once, from the reversed parameter list (backward's order), and
// never laid out anew: a restart sums in the same order. One process has what backward made, without buckets, zeroing and
// adding. Nobody else may set, detach or free a parameter's grad (torch's zero_grad() does).
//
// Every parameter must take part in every last micro-batch, on every rank: one that gets no gradient there is an error
// that names it, raised by backward() in groups of any size. Must be destroyed before the communicator.
class GradientReducer {
 public:
  // Checks that all ranks have the same parameters (number, shapes, types), gives every rank the values of rank 0 and
  // zero gradients. The order is kept in parameters() and gradients(). TORCH_CHECKs that the tensors are leaves that
  // require gradients, with distinct names, and none is given twice: tied weights are listed once.
  GradientReducer(NamedTensors parameters, Communicator& communicator, const ReductionOptions& options = {});
  ~GradientReducer();
  GradientReducer(const GradientReducer&) = delete;
  GradientReducer& operator=(const GradientReducer&) = delete;

  // Call before the first micro-batch of an update: gradients count as zero. What gradients() holds from here to the end of
  // the last backward isn't said.
  void zero();
  // Adds the gradient of `loss` (a scalar, scaled or not) to gradients(). The last micro-batch of an update also
  // averages the accumulated gradients over the ranks: all ranks must call it with `last` equally often. Throws
  // LostPeerError as a collective does.
  void backward(const at::Tensor& loss, bool last);

  const NamedTensors& parameters() const { return parameters_; }
  // One tensor for each parameter, of its shape after an update's last backward, zeros before the first; the same tensors
  // for ever, whose memory may change. They are the parameters' grads, and no two share memory.
  const std::vector<at::Tensor>& gradients() const { return gradients_; }

 private:
  void watch_participation();
  void check_participation() const;

  const Communicator& communicator_;
  NamedTensors parameters_;
  std::vector<at::Tensor> gradients_;
  std::shared_ptr<std::vector<char>> took_part_;  // in this backward; shared with the hooks on the parameters
  std::vector<unsigned> hooks_;
  std::unique_ptr<GradientReduction> reduction_;
};

}  // namespace glid
