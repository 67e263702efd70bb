#include <gtest/gtest.h>

#include "fuzz/mat5_fuzz.h"
#include "fuzz/pickle_fuzz.h"
#include "fuzz/png_label_fuzz.h"
#include "fuzz/replay.h"
#include "fuzz/safetensors_fuzz.h"
#include "fuzz/tar_fuzz.h"
#include "fuzz/torch_file_fuzz.h"
#include "fuzz/yaml_fuzz.h"

namespace glid {

TEST(FuzzSeeds, Mat5) { replay_seeds("mat5", fuzz_mat5); }

TEST(FuzzSeeds, Pickle) { replay_seeds("pickle", fuzz_pickle); }

TEST(FuzzSeeds, PngLabel) { replay_seeds("png_label", fuzz_png_label); }

TEST(FuzzSeeds, Safetensors) { replay_seeds("safetensors", fuzz_safetensors); }

TEST(FuzzSeeds, Tar) { replay_seeds("tar", fuzz_tar); }

TEST(FuzzSeeds, TorchFile) { replay_seeds("torch_file", fuzz_torch_file); }

TEST(FuzzSeeds, Yaml) { replay_seeds("yaml", fuzz_yaml); }

}  // namespace glid
