// Stage maps of whole images: what people use for kNN, PCA pictures and probing (no LibTorch).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace glid {

struct FeaturesRequest {
  std::string model;              // as in model.encoder.name; empty: the encoder's that is found
  std::filesystem::path weights;  // of any form and dialect; its tensors give sizes, windows and patch
  bool strict = false;            // tensors that are missing or unexpected are refused
  std::filesystem::path input;    // an image, or a folder searched for image files
  std::filesystem::path output;   // .safetensors
  int64_t size_px = 224;          // a multiple of the unit (8 x patch)
  int64_t max_bad_files = 100;    // unreadable images that are left out; one more ends the program
};

struct FeaturesWritten {
  int64_t images = 0;
  int64_t bad_files = 0;
};

// For every image "<path relative to input, without extension>/stage1" .. "stage4": the four maps after their norms, fp32
// [C, H, W]. An image is resized bicubically to size_px x size_px (not at all if it is that already) and normalised with
// ImageNet's mean and deviation. Names are UTF-8 (to_utf8). Hidden files don't count; an image of a folder that can't be
// read is named in the log and left out. The file is written as it is computed and renamed when complete; nothing is left
// behind otherwise. Throws UsageError for an unknown model, a size that units don't divide, weights of another
// model, and DataError for weights that are missing or unreadable, an input that is missing, and more than max_bad_files
// unreadable images or no other.
FeaturesWritten extract_features(const FeaturesRequest& request);

}  // namespace glid
