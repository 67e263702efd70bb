// Weights in: safetensors files in our names or the official Swin names, with a report of what became of every tensor.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "glid/formats/safetensors.h"
#include "glid/model/glid.h"

namespace glid {

struct PartReport {
  std::string part;
  int64_t parameters = 0;  // numbers in the part
  int64_t filled = 0;      // of which the file gave
  std::vector<std::string> loaded, resized, missing;
};

struct LoadReport {
  std::string source;
  std::vector<PartReport> parts;
  std::vector<std::string> unexpected;  // tensors of the file that no asked part has
  std::vector<std::string> ignored;     // parts not asked for, [M], buffers and classifier of official checkpoints
  std::vector<std::string> random;      // parts of the model that keep their initial values, with the reason

  // One line a part, then what is missing, resized and unexpected by name.
  std::string text() const;
};

// A tensor of a file as a tensor that shares its memory.
at::Tensor as_tensor(const TensorInfo& info);
TensorInfo tensor_info(const at::Tensor& tensor);  // a contiguous CPU tensor

// Encoder windows by the bias tables in a file, by stage. Throws DataError when it holds no Swin encoder.
StageWindows windows_of(const SafetensorsFile& file, const std::string& where);

// Copies the tensors of the parts into the model. Encoder names may be bare (official) or under `encoder.`; the official
// `norm` is norm3. Bias tables of another window are resized bicubically per head (microsoft/Swin-Transformer, utils.py).
// Throws UsageError for a tensor of another shape, for a decoder of another depth and for a part without any tensor in the
// file, unless that is only to be reported; one must be there in any case.
enum class AbsentPart { kRefuse, kReport };
LoadReport load_weights(torch::nn::Module& model, const std::filesystem::path& file, const std::vector<std::string>& parts,
                        AbsentPart absent = AbsentPart::kRefuse);

}  // namespace glid
