// Small encoders and the files of weights made of them.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "glid/formats/safetensors.h"
#include "glid/model/file_tensors.h"
#include "glid/model/glid.h"
#include "support/plans.h"
#include "support/temporary_folder.h"

namespace glid {

inline SwinShape shape_with_window(int64_t window) {
  return {
      .channels = 8, .depths = {1, 1, 2, 1}, .heads = {1, 2, 2, 4}, .windows = {window, window, window, window}, .patch = 1};
}

// A module whose encoder has the parameter names of a whole model.
struct Holder : torch::nn::Module {
  explicit Holder(int64_t window) : swin(register_module("encoder", std::make_shared<Swin>(shape_with_window(window)))) {
    initialise_randomly(*this);
  }
  std::shared_ptr<Swin> swin;
};

// What is loaded is seen.
inline void zero(torch::nn::Module& module) {
  const at::NoGradGuard no_grad;
  for (at::Tensor& parameter : module.parameters()) parameter.zero_();
}

struct EmptyHolder : Holder {
  explicit EmptyHolder(int64_t window) : Holder(window) { zero(*this); }
};

inline std::filesystem::path save(const NamedTensors& tensors, const TemporaryFolder& dir,
                                  const std::string& name = "swin") {
  std::vector<std::pair<std::string, TensorInfo>> infos;
  for (const auto& [name_in_file, tensor] : tensors) infos.emplace_back(name_in_file, tensor_info(tensor));
  const std::filesystem::path file = dir.path() / (name + ".safetensors");
  write_safetensors(file, infos, {});
  return file;
}

// The encoder's parameters without `encoder.`.
inline NamedTensors parameters_of(const Holder& holder) {
  NamedTensors parameters;
  for (const auto& [name, tensor] : named_parameters(*holder.swin)) parameters.emplace_back(name, tensor.detach());
  return parameters;
}

// The way official checkpoints are: bare names, `norm` for norm3, no norm0..2, a classifier, buffers.
inline NamedTensors official_tensors(const Holder& holder) {
  NamedTensors tensors;
  for (auto& [name, tensor] : parameters_of(holder)) {
    if (name.starts_with("norm3")) tensors.emplace_back("norm" + name.substr(5), tensor);
    else if (!name.starts_with("norm")) tensors.emplace_back(name, tensor);
  }
  tensors.emplace_back("head.weight", at::zeros({10, 64}));
  tensors.emplace_back("layers.0.blocks.0.attn.relative_position_index", at::zeros({4, 4}, at::kLong));
  return tensors;
}

}  // namespace glid
