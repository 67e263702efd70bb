#include "glid/dist/parameter_shards.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

namespace glid {
namespace {

constexpr int64_t kAlignment = 64;  // values: where a tensor of its own would start

int64_t padded(int64_t count) { return (count + kAlignment - 1) / kAlignment * kAlignment; }

struct Spread {
  std::vector<int> owners;      // of each parameter
  std::vector<int64_t> values;  // of each rank
};

Spread spread(const NamedTensors& parameters, int num_ranks) {
  std::vector<size_t> largest_first(parameters.size());
  std::iota(largest_first.begin(), largest_first.end(), size_t{0});
  std::ranges::stable_sort(largest_first, std::ranges::greater(), [&](size_t i) { return parameters[i].second.numel(); });
  Spread spread{std::vector<int>(parameters.size()), std::vector<int64_t>(static_cast<size_t>(num_ranks))};
  for (const size_t i : largest_first) {
    const auto fewest = std::ranges::min_element(spread.values);
    spread.owners[i] = static_cast<int>(fewest - spread.values.begin());
    *fewest += padded(parameters[i].second.numel());
  }
  return spread;
}

}  // namespace

std::vector<int> spread_over(const NamedTensors& parameters, int num_ranks) { return spread(parameters, num_ranks).owners; }

int64_t largest_share(const NamedTensors& parameters, int num_ranks) {
  return std::ranges::max(spread(parameters, num_ranks).values);
}

ParameterShards::ParameterShards(NamedTensors parameters, Communicator& communicator) : communicator_(communicator) {
  TORCH_CHECK(!parameters.empty(), "ParameterShards: no parameters");
  const auto [owners, values] = spread(parameters, communicator.size());
  const int64_t most = std::ranges::max(values);
  buffer_ = at::zeros({communicator.size() * most}, parameters[0].second.detach().options());
  std::vector<int64_t> ends(static_cast<size_t>(communicator.size()));
  for (size_t rank = 0; rank < ends.size(); ++rank) ends[rank] = static_cast<int64_t>(rank) * most;
  for (size_t i = 0; i < parameters.size(); ++i) {
    auto& [name, parameter] = parameters[i];
    TORCH_CHECK(parameter.is_contiguous() && parameter.scalar_type() == buffer_.scalar_type(), "ParameterShards: ", name,
                " is not contiguous or of another type than the first");
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
  const at::Tensor sent = is_own(name) ? values : at::empty_like(values);
  communicator_.broadcast(sent, owners_.at(name), "what is kept of parameters");
  return communicator_.is_main() ? sent.to(at::kCPU) : at::Tensor();
}

}  // namespace glid
