// A codebook for units of 8 px, as the small models have them.
#pragma once

#include <string>
#include <vector>

#include "glid/core/rng.h"
#include "glid/data/codebook.h"
#include "support/temporary_folder.h"

namespace glid {

inline constexpr int64_t kSmallCodes = 11;

// Random codes.
inline Codebook random_codebook(int64_t size, int64_t patch_px) {
  Codebook codebook{.patch_px = patch_px};
  Rng rng(7, 0, 0, RandomOp::kExample);
  for (int64_t i = 0; i < size * codebook.width(); ++i) codebook.codes.push_back(static_cast<float>(rng.normal()));
  for (int64_t k = 0; k < size; ++k) codebook.counts.push_back(k);
  return codebook;
}

// Its file, which is there until the process ends.
inline std::string small_codebook() {
  static const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "codebook.safetensors";
  if (!std::filesystem::exists(file)) write_codebook(file, random_codebook(kSmallCodes, 8), {});
  return file.string();
}

}  // namespace glid
