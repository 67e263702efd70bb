#include "glid/core/mapped_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/open_file.h"

namespace glid {
namespace {

[[noreturn]] void unreadable(const std::filesystem::path& file) {
  throw DataError(file.string(), "can't be read", std::strerror(errno));
}

size_t whole_pages(size_t bytes) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& file, size_t padding) {
  const OpenFile in(file);
  size_ = static_cast<size_t>(in.size());
  mapped_bytes_ = whole_pages(size_ + padding);
  if (mapped_bytes_ == 0) return;
  // The padding may reach past the file's last page, where only memory of our own can be read.
  void* place = ::mmap(nullptr, mapped_bytes_, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) unreadable(file);
  data_ = static_cast<std::byte*>(place);
  if (size_ > 0 && ::mmap(place, size_, PROT_READ, MAP_SHARED | MAP_FIXED, in.descriptor(), 0) == MAP_FAILED) {
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
