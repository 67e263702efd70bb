#include "glid/core/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/regular_file.h"

namespace glid {
namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

[[noreturn]] void unreadable(const std::filesystem::path& file) {
  throw DataError(file.string(), "can't be read", std::strerror(errno));
}

size_t whole_pages(size_t bytes) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& file, size_t padding) {
  size_of_regular_file(file);  // or says what it is
  const Descriptor in{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (in.fd < 0 || ::fstat(in.fd, &status) != 0) unreadable(file);
  size_ = static_cast<size_t>(status.st_size);
  mapped_bytes_ = whole_pages(size_ + padding);
  if (mapped_bytes_ == 0) return;
  // The padding may reach past the file's last page, where only memory of our own can be read.
  void* place = ::mmap(nullptr, mapped_bytes_, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) unreadable(file);
  data_ = static_cast<std::byte*>(place);
  if (size_ > 0 && ::mmap(place, size_, PROT_READ, MAP_SHARED | MAP_FIXED, in.fd, 0) == MAP_FAILED) {
    ::munmap(place, mapped_bytes_);
    unreadable(file);
  }
}

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_bytes_, other.mapped_bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(data_, mapped_bytes_);
}

}  // namespace glid
