// Codebooks: patches that others are named after, each after the one that it is most like. Such names are what BEiT predicts
// (Bao et al., ICLR 2022), whose own are those of DALL-E's discrete VAE; k-means of patches is a stand-in for it that needs
// nothing but images (no LibTorch).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace glid {

struct Codebook {
  int64_t patch_px = 0;
  std::vector<float> codes;  // [K, 3 P^2]: row, column, channel; patches in their own mean and deviation (normalise_units())
  std::vector<int64_t> counts;  // [K] how often each was the nearest; empty: nobody has counted

  int64_t width() const { return 3 * patch_px * patch_px; }
  int64_t size() const { return std::ssize(codes) / width(); }
};

// A safetensors file: F32 `codes` [K, 3 P^2], I64 `patch` (P, a scalar or [1]) and, if they are known, I64 `counts` [K].
// Throws DataError.
Codebook read_codebook(const std::filesystem::path& file);
// The file and the folders above it that are missing; it appears whole or not at all.
void write_codebook(const std::filesystem::path& file, const Codebook& codebook,
                    const std::map<std::string, std::string>& metadata);

struct CodebookOptions {
  std::filesystem::path data;  // a folder of images, as data.name: folder reads it to train on
  std::filesystem::path out;
  int64_t size = 8192;  // codes
  int64_t patch_px = 16;
  int64_t image_size_px = 224;  // of the pictures that patches are cut of: MAE's random crops
  uint64_t seed = 0;
  int64_t num_threads = 1;
};

// Mini-batch k-means of patches; the file appears whole or not at all, the same of the same images, options and seed. Images
// that can't be read are passed over. Throws UsageError for numbers that don't go together, for more codes than patches too,
// and DataError where there are no images.
void make_codebook(const CodebookOptions& options);

}  // namespace glid
