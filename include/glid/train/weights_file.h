// Where weights lie (no LibTorch).
#pragma once

#include <filesystem>

namespace glid {

// The file of weights that init.from, --encoder or --checkpoint means: itself, the model of a checkpoint or of a run's
// newest one, or the weights in a folder as Hugging Face's save_pretrained writes it. Throws DataError when there is none.
std::filesystem::path weights_file(const std::filesystem::path& file_or_folder);

// A folder of ours, whose checkpoints have configurations.
bool is_run_or_checkpoint(const std::filesystem::path& path);

}  // namespace glid
