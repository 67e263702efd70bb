// From weights to weights: other names, another file (no LibTorch).
#pragma once

#include <filesystem>
#include <string>

namespace glid {

struct ConvertRequest {
  std::filesystem::path input;   // a file of any form and dialect, a run, a checkpoint, a folder of save_pretrained
  std::filesystem::path output;  // .safetensors, .pth, .pt, .bin; without an extension a folder
  std::string to = "glid";       // whose names: glid, official, timm, hf
  std::string dtype = "fp32";    // fp32, fp16, bf16
  std::string window;            // as model.encoder.window, to which bias tables are resized; empty: as they are
  std::string which;             // of a run: best, last or a step; empty: the best by its validations, else the newest
  std::string weights;           // of a run: raw or ema; empty: as its eval.weights says
  bool strict = false;           // a file with missing or unexpected tensors is refused
};

// Writes the weights, and beside them OUT.json (in a folder model.json, hf config.json), which says how it is built: glid
// architecture 1 (glid/train/architecture.h), or the arguments of SwinTransformer, timm.create_model or transformers'
// SwinConfig. To glid, a run gives all parts, a file of GLID's what it has, and others their encoder; the other names have
// places for an encoder only, and what is left out is logged. Where it fails neither file is left. Throws UsageError
// for what was asked wrongly or can't be expressed, DataError for an input that is missing or damaged.
void convert_weights(const ConvertRequest& request);

}  // namespace glid
