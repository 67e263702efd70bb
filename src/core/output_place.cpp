#include "glid/core/output_place.h"

#include <unistd.h>

#include "glid/core/error.h"

namespace glid {
namespace fs = std::filesystem;

void require_place(const std::string& option, const fs::path& path) {
  if (path.empty()) return;
  std::error_code unreadable;
  fs::path above = fs::absolute(path).lexically_normal();
  while (!fs::exists(above, unreadable) && above.has_relative_path()) above = above.parent_path();
  const bool is_below = above != fs::absolute(path).lexically_normal();
  if (is_below && !fs::is_directory(above)) throw UsageError(option, "lies below a file", path.string(), above.string());
  if (::access(above.c_str(), W_OK) != 0)
    throw UsageError(option, "can't be written there", path.string(), above.string() + " doesn't allow it");
}

}  // namespace glid
