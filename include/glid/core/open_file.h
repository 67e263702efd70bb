// A file open for reading, of which parts are read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace glid {

class OpenFile {
 public:
  // Throws DataError naming the file when it is missing or unreadable.
  explicit OpenFile(const std::filesystem::path& file);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int descriptor() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const;  // as it is now; throws DataError
  // Bytes [begin, begin + size), from any thread. Throws DataError when the file doesn't reach so far or the disk refuses: a
  // map of it would end the process.
  std::string read(uint64_t begin, size_t size) const;

 private:
  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace glid
