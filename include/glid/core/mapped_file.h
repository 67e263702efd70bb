// A file in memory without a copy.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace glid {

// Read-only; pages are read when touched and shared with every process that maps the file.
class MappedFile {
 public:
  // `padding` zero bytes can be read behind the content, for parsers that read in blocks. Throws DataError naming the file
  // when it is missing or unreadable.
  explicit MappedFile(const std::filesystem::path& file, size_t padding = 0);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  size_t mapped_bytes_ = 0;
};

}  // namespace glid
