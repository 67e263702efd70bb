// Input: a safetensors file.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "fuzz/law.h"
#include "glid/core/error.h"
#include "glid/formats/safetensors.h"

namespace glid {

// A file in memory, for readers that take a path.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    expect_law(fd_ >= 0 && ::write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
               "memory holds it");
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

inline void fuzz_safetensors(std::string_view bytes) {
  const MemoryFile memory(bytes);
  try {
    const SafetensorsFile file(memory.path());
    unsigned sum = 0;
    size_t num_bytes = 0;
    for (const std::string& name : file.names()) {
      const TensorInfo* tensor = file.find(name);
      expect_law(tensor != nullptr, "every name is found");
      for (size_t i = 0; i < tensor->bytes; ++i) sum += std::to_integer<unsigned>(tensor->data[i]);
      num_bytes += tensor->bytes;
    }
    expect_law(num_bytes < bytes.size() && sum <= 255 * num_bytes, "the data lie in the file");
  } catch (const DataError&) {}
}

}  // namespace glid
