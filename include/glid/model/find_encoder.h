// A Swin or ViT encoder in a file of any dialect: where it is, how large, and its parameters in our layout.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "glid/formats/tensor_file.h"
#include "glid/model/dialect.h"
#include "glid/model/encoder_shape.h"

namespace glid {

// Where a file has an encoder, and what it is.
struct FoundEncoder {
  Dialect dialect = Dialect::kGlid;
  std::string origin;               // whose names in words: "timm", "SimMIM", "Mask2Former" ...
  std::string prefix;               // of its names in the file: "", "model.", "state_dict.backbone." ...
  std::vector<std::string> others;  // prefixes of further encoders, which are not taken
  EncoderShape shape;               // by the tensors' shapes
};

// Nothing where no encoder is. Positions of a ViT that are in the file count as learned, whoever computed them; where
// neither they nor biases are, they are sin-cos. Units are of one patch unless there is a pyramid; heads that no bias table
// tells are 64 channels wide, as those of all public sizes but ViT-H. Throws UsageError, naming what it is, for a Swin v2 or
// a ViT in names that are not known, and DataError for an encoder whose tensors contradict each other; `where` is named.
std::optional<FoundEncoder> find_encoder(const TensorFile& file, const std::string& where);

// "swinb, window 12", or channels, blocks and heads of a size without a name.
std::string encoder_text(const EncoderShape& shape);

// Throws UsageError unless channels, depths and heads are `ours`; `option` is what a name behind it sets:
// "model.encoder.name=". Windows and patch may differ.
void require_same_size(const FoundEncoder& found, const EncoderShape& ours, const std::string& where,
                       const std::string& option);

// Where a file has a parameter; without names where it lacks it.
struct FoundParameter {
  Spelling names;
  std::vector<std::string> unused;  // of other spellings that it has too: the final norm beside those of the stages
  std::vector<int64_t> sizes;       // in our layout
};

// Nothing is read but shapes. Throws DataError for q, k and v of different shapes; `where` is named.
FoundParameter find_parameter(const TensorFile& file, const FoundEncoder& found, const std::string& parameter,
                              const std::string& where);

// A parameter that was found, in our layout. Throws UsageError for numbers that no parameter can take (floating_tensor()).
at::Tensor read_parameter(const TensorFile& file, const FoundEncoder& found, const std::string& parameter,
                          const FoundParameter& place, const std::string& where);

}  // namespace glid
