#include "glid/dist/parameter_shards.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

namespace glid {
namespace {

constexpr int64_t kAlignment = 64;  // values: where a tensor of its own would start

int64_t padded(int64_t count) { return (count + kAlignment - 1) / kAlignment * kAlignment; }

std::vector<int64_t> values_by_rank(const NamedTensors& parameters, int num_ranks) {
  const std::vector<int> owners = spread_over(parameters, num_ranks);
  std::vector<int64_t> values(static_cast<size_t>(num_ranks));
  for (size_t i = 0; i < owners.size(); ++i) values[static_cast<size_t>(owners[i])] += padded(parameters[i].second.numel());
  return values;
}

}  // namespace

std::vector<int> spread_over(const NamedTensors& parameters, int num_ranks) {
  std::vector<size_t> largest_first(parameters.size());
  std::iota(largest_first.begin(), largest_first.end(), size_t{0});
  std::ranges::stable_sort(largest_first, std::ranges::greater(), [&](size_t i) { return parameters[i].second.numel(); });
  std::vector<int64_t> values(static_cast<size_t>(num_ranks));
  std::vector<int> owners(parameters.size());
  for (const size_t i : largest_first) {
    const auto fewest = std::ranges::min_element(values);
    owners[i] = static_cast<int>(fewest - values.begin());
    *fewest += padded(parameters[i].second.numel());
  }
  return owners;
}

int64_t largest_share(const NamedTensors& parameters, int num_ranks) {
  return std::ranges::max(values_by_rank(parameters, num_ranks));
}

ParameterShards::ParameterShards(NamedTensors parameters, Communicator& communicator) : communicator_(communicator) {
  TORCH_CHECK(!parameters.empty(), "ParameterShards: no parameters");
  const int64_t most = largest_share(parameters, communicator.size());
  const std::vector<int> owners = spread_over(parameters, communicator.size());
  buffer_ = at::zeros({communicator.size() * most}, parameters[0].second.detach().options());
  std::vector<int64_t> ends(static_cast<size_t>(communicator.size()));
  for (size_t rank = 0; rank < ends.size(); ++rank) ends[rank] = static_cast<int64_t>(rank) * most;
  for (size_t i = 0; i < parameters.size(); ++i) {
    auto& [name, parameter] = parameters[i];
    TORCH_CHECK(parameter.is_non_overlapping_and_dense() && parameter.scalar_type() == buffer_.scalar_type(),
                "ParameterShards: ", name, " is not dense or of another type than the first");
    int64_t& end = ends[static_cast<size_t>(owners[i])];
    const at::Tensor place = buffer_.as_strided(parameter.sizes(), parameter.strides(), end);
    place.copy_(parameter.detach());
    parameter.set_data(place);
    end += padded(parameter.numel());
    owners_[name] = owners[i];
  }
}

bool ParameterShards::is_own(const std::string& name) const { return owners_.at(name) == communicator_.rank(); }

void ParameterShards::share() const { communicator_.all_gather(buffer_, "the parameters"); }

at::Tensor ParameterShards::on_main(const std::string& name, const at::Tensor& values) const {
  const bool is_main = communicator_.is_main(), is_there = is_main && is_own(name);
  const at::Tensor sent = is_own(name) ? values : at::empty_like(values);
  communicator_.broadcast(sent, owners_.at(name), "what is kept of parameters");
  if (!is_main) return {};
  return is_there ? values : sent.to(at::kCPU);
}

}  // namespace glid
