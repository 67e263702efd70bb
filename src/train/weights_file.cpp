#include "glid/train/weights_file.h"

#include "glid/core/error.h"
#include "glid/train/checkpoint.h"

namespace glid {
namespace {

// What save_pretrained writes, the whole before the parts.
constexpr auto kPretrainedFiles = {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                                   "pytorch_model.bin.index.json"};

}  // namespace

std::filesystem::path weights_file(const std::filesystem::path& path) {
  if (std::filesystem::is_regular_file(path)) return path;
  if (!std::filesystem::exists(path)) throw DataError(path.string(), "does not exist");
  if (!is_run_or_checkpoint(path))
    for (const char* name : kPretrainedFiles)
      if (std::filesystem::is_regular_file(path / name)) return path / name;
  return find_checkpoint(path).folder / "model.safetensors";
}

bool is_run_or_checkpoint(const std::filesystem::path& path) {
  return std::filesystem::exists(path / "state.json") || std::filesystem::exists(path / "checkpoints");
}

}  // namespace glid
