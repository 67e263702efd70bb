#include "glid/core/regular_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "glid/core/error.h"

namespace glid {
namespace {

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "is a folder, not a file";
  if (S_ISFIFO(mode)) return "is a pipe, not a file";
  return S_ISSOCK(mode) ? "is a socket, not a file" : "is a device, not a file";
}

}  // namespace

uint64_t size_of_regular_file(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    if (errno == ENOENT) throw DataError(file.string(), "does not exist");
    throw DataError(file.string(), "can't be read", std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) throw DataError(file.string(), kind_of(status.st_mode));
  return static_cast<uint64_t>(status.st_size);
}

}  // namespace glid
