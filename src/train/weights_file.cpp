#include "glid/train/weights_file.h"

#include "glid/core/error.h"
#include "glid/train/checkpoint.h"

namespace glid {

std::filesystem::path weights_file(const std::filesystem::path& path) {
  if (std::filesystem::is_regular_file(path)) return path;
  if (!std::filesystem::exists(path)) throw DataError(path.string(), "does not exist");
  return find_checkpoint(path).folder / "model.safetensors";
}

}  // namespace glid
