// Where weights lie (no LibTorch).
#pragma once

#include <filesystem>

namespace glid {

// The safetensors file that init.from or --checkpoint means: itself, or the model of a checkpoint or of a run's newest
// one. Throws DataError when there is none.
std::filesystem::path weights_file(const std::filesystem::path& file_run_or_checkpoint);

}  // namespace glid
