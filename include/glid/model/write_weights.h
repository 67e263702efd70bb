// Weights out: files that every other program reads.
#pragma once

#include <filesystem>
#include <string>

#include "glid/dist/named_tensors.h"

namespace glid {

struct WrittenWeights {
  NamedTensors tensors;              // on the CPU
  at::ScalarType type = at::kFloat;  // that they are written in: kFloat, kHalf, kBFloat16
  std::string under;                 // of PyTorch's files: the key that they lie under, {"model": {..}}; empty: none
};

// "a.safetensors", ".pth", ".pt" and ".bin": what write_weights() makes of them.
bool is_weights_name(const std::filesystem::path& file);

// By the extension of `name` a safetensors file or one that torch.load(weights_only=True) reads, written to `file`, tensor
// by tensor: only one is converted at a time. Neither fsynced nor atomic. Throws UsageError for a number that the type can't
// hold, and Error (kInternal) when the disk refuses.
void write_weights(const std::filesystem::path& file, const std::filesystem::path& name, const WrittenWeights& weights);

}  // namespace glid
