#include "glid/core/mapped_part.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/regular_file.h"

namespace glid {
namespace {

int open_to_read(const std::filesystem::path& file) {
  size_of_regular_file(file);  // or says what it is
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw DataError(file.string(), "can't be read", std::strerror(errno));
  return descriptor;
}

}  // namespace

OpenFile::OpenFile(const std::filesystem::path& file) : path_(file), descriptor_(open_to_read(file)) {}

OpenFile::~OpenFile() { ::close(descriptor_); }

uint64_t OpenFile::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) throw DataError(path_.string(), "can't be read", std::strerror(errno));
  return static_cast<uint64_t>(status.st_size);
}

MappedPart::MappedPart(const OpenFile& file, uint64_t begin, size_t size) : size_(size) {
  const uint64_t there = file.size();
  if (begin > there || size > there - begin)
    throw DataError(file.path().string(), format("has no bytes {} to {}", begin, begin + size), format("{} bytes", there));
  if (size == 0) return;
  skipped_ = static_cast<size_t>(begin % static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)));
  place_ = ::mmap(nullptr, skipped_ + size, PROT_READ, MAP_SHARED | MAP_POPULATE, file.descriptor(),
                  static_cast<off_t>(begin - skipped_));
  if (place_ == MAP_FAILED) throw DataError(file.path().string(), "can't be read", std::strerror(errno));
}

MappedPart::~MappedPart() {
  if (place_) ::munmap(place_, skipped_ + size_);
}

}  // namespace glid
