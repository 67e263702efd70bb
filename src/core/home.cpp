#include "glid/core/home.h"

#include <cstdlib>

namespace glid {

std::optional<std::string> expand_home(std::string_view path) {
  if (path.empty()) return std::nullopt;
  if (!path.starts_with('~')) return std::string(path);
  const char* home = std::getenv("HOME");
  if (!home || !*home || (path.size() > 1 && path[1] != '/')) return std::nullopt;
  return home + std::string(path.substr(1));
}

}  // namespace glid
