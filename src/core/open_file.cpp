#include "glid/core/open_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/regular_file.h"

namespace glid {
namespace {

[[noreturn]] void unreadable(const std::filesystem::path& file) {
  throw DataError(file.string(), "can't be read", std::strerror(errno));
}

int open_to_read(const std::filesystem::path& file) {
  size_of_regular_file(file);  // or says what it is
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) unreadable(file);
  return descriptor;
}

}  // namespace

OpenFile::OpenFile(const std::filesystem::path& file) : path_(file), descriptor_(open_to_read(file)) {}

OpenFile::~OpenFile() { ::close(descriptor_); }

uint64_t OpenFile::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) unreadable(path_);
  return static_cast<uint64_t>(status.st_size);
}

std::string OpenFile::read(uint64_t begin, size_t size) const {
  const uint64_t there = this->size();
  if (begin > there || size > there - begin)
    throw DataError(path_.string(), format("has no bytes {} to {}", begin, begin + size), format("{} bytes", there));
  std::string bytes(size, '\0');
  for (size_t done = 0; done < size;) {
    const ssize_t n = ::pread(descriptor_, bytes.data() + done, size - done, static_cast<off_t>(begin + done));
    if (n == 0) throw DataError(path_.string(), "has become shorter while it was read");
    if (n < 0 && errno != EINTR) unreadable(path_);
    if (n > 0) done += static_cast<size_t>(n);
  }
  return bytes;
}

}  // namespace glid
