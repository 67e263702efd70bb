#include "bucket_reduction.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include <torch/csrc/distributed/c10d/comm.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include "bf16_hook.h"

namespace glid {
namespace {

constexpr size_t kBroadcastBytes = size_t{250} << 20;

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
std::vector<std::vector<size_t>> assign_buckets(const std::vector<at::Tensor>& parameters, int64_t bucket_bytes) {
  const auto limit = static_cast<size_t>(bucket_bytes), first = std::min<size_t>(c10d::kDefaultFirstBucketBytes, limit);
  const std::vector<at::Tensor> reversed(parameters.rbegin(), parameters.rend());
  std::vector<int64_t> indices;
  for (size_t i = parameters.size(); i > 0; --i) indices.push_back(static_cast<int64_t>(i) - 1);
  return std::get<0>(
      c10d::compute_bucket_assignment_by_size(reversed, {first, limit}, /*expect_sparse_gradient=*/{}, indices));
}

class FixedBucketReducer : public c10d::Reducer {
 public:
  FixedBucketReducer(const NamedTensors& parameters, const std::vector<at::Tensor>& tensors,
                     const c10::intrusive_ptr<c10d::ProcessGroup>& group, const ReductionOptions& options)
      : Reducer(tensors, assign_buckets(tensors, options.bucket_bytes), group,
                /*expect_sparse_gradients=*/std::vector<bool>(tensors.size(), false), options.bucket_bytes,
                /*find_unused_parameters=*/false, /*gradient_as_bucket_view=*/true, names_of(parameters),
                c10d::kDefaultFirstBucketBytes, /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false,
                /*bucket_bytes_cap_list=*/{}) {
    // The buckets are final; otherwise every backward would lengthen the list for a rebuild that never comes.
    has_rebuilt_bucket_ = true;
    if (options.compression == GradientCompression::kBf16) register_comm_hook(std::make_unique<Bf16Hook>(group));
  }
};

// Gradients are views of the buckets from the start, and the reducer puts them back where somebody has replaced them.
class BucketReduction : public GradientReduction {
 public:
  explicit BucketReduction(std::unique_ptr<FixedBucketReducer> reducer) : reducer_(std::move(reducer)) {}
  void zero(NamedTensors&, const std::vector<at::Tensor>& gradients) override { at::_foreach_zero_(gradients); }
  void prepare() override { reducer_->prepare_for_backward({}); }
  void settle(NamedTensors&, const std::vector<at::Tensor>&) override {}

 private:
  std::unique_ptr<FixedBucketReducer> reducer_;
};

}  // namespace

std::unique_ptr<GradientReduction> make_bucket_reduction(const NamedTensors& parameters,
                                                         const c10::intrusive_ptr<c10d::ProcessGroup>& group,
                                                         const ReductionOptions& options) {
  const std::vector<at::Tensor> tensors = tensors_of(parameters);
  const at::NoGradGuard no_grad;
  c10d::broadcast_coalesced(group, tensors, kBroadcastBytes);
  return std::make_unique<BucketReduction>(std::make_unique<FixedBucketReducer>(parameters, tensors, group, options));
}

std::vector<int64_t> bucket_sizes(const NamedTensors& parameters, int64_t bucket_bytes) {
  std::vector<int64_t> sizes;
  for (const std::vector<size_t>& bucket : assign_buckets(tensors_of(parameters), bucket_bytes)) {
    sizes.push_back(0);
    for (const size_t i : bucket) sizes.back() += static_cast<int64_t>(parameters[i].second.nbytes());
  }
  return sizes;
}

}  // namespace glid
