// Parameters spread over the ranks: one rank keeps what belongs to each (ZeRO stage 1, arXiv 1910.02054), all use it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "glid/dist/communicator.h"
#include "glid/dist/named_tensors.h"

namespace glid {

// The rank of each parameter: whole tensors, the largest first, to the rank that has the fewest values so far.
std::vector<int> spread_over(const NamedTensors& parameters, int num_ranks);

// Values of the rank that then has the most, those between tensors included.
int64_t largest_share(const NamedTensors& parameters, int num_ranks);

class ParameterShards {
 public:
  // Moves the values into one buffer, which the parameters become views of, so that they are sent as they lie. TORCH_CHECKs
  // that there are some, all contiguous and of one type; all ranks must make it of the same ones. The communicator must live
  // as long.
  ParameterShards(NamedTensors parameters, Communicator& communicator);

  bool is_own(const std::string& name) const;
  bool has(const std::string& name) const { return owners_.contains(name); }
  // Every rank gets the values of the parameters that are others' own: one all-gather on their device.
  void share() const;
  // What the owner of `name` keeps of it, on the host and on rank 0; on other ranks the result is undefined. `values` are
  // the owner's; of other ranks only shape and type count. All ranks must call it.
  at::Tensor on_main(const std::string& name, const at::Tensor& values) const;

 private:
  Communicator& communicator_;
  std::unordered_map<std::string, int> owners_;
  at::Tensor buffer_;  // [ranks * most values of a rank]
};

}  // namespace glid
