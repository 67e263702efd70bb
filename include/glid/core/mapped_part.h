// A part of a large file in memory without a copy, for as long as it is looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace glid {

// A file open for reading.
class OpenFile {
 public:
  // Throws DataError naming the file when it is missing or unreadable.
  explicit OpenFile(const std::filesystem::path& file);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int descriptor() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const;  // as it is now

 private:
  std::filesystem::path path_;
  int descriptor_;
};

// Bytes [begin, begin + size) of a file, read-only. The disk is asked for all of them at once, and they leave the process's
// memory with this object, however much of the file is looked at in time.
class MappedPart {
 public:
  // Throws DataError naming the file when it doesn't reach so far.
  MappedPart(const OpenFile& file, uint64_t begin, size_t size);
  ~MappedPart();
  MappedPart(const MappedPart&) = delete;
  MappedPart& operator=(const MappedPart&) = delete;

  std::string_view text() const { return {static_cast<const char*>(place_) + skipped_, size_}; }

 private:
  void* place_ = nullptr;
  size_t skipped_ = 0, size_ = 0;
};

}  // namespace glid
