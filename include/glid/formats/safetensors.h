// The safetensors file format: 8 bytes of header length, a JSON header, the raw little-endian data of all tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glid/core/mapped_file.h"
#include "glid/formats/tensor_info.h"

namespace glid {

// A file mapped into memory and checked before anything is handed out: the header's length and JSON, known dtypes, sizes
// that equal shape x dtype, data that fill the file without holes or overlaps. Pages are read when touched. The header is
// bounded before it is parsed: 100 MB, as the reference implementation does, and 10 million brackets and commas, so that it
// takes less than 2 GB of memory; shapes have up to 64 dimensions and the metadata up to 100,000 texts.
class SafetensorsFile {
 public:
  // Throws DataError naming the file when it is missing, truncated or damaged.
  explicit SafetensorsFile(const std::filesystem::path& file);

  // In the order of the data.
  const std::vector<std::string>& names() const { return names_; }
  // nullptr when there is no such tensor; the data live as long as this object.
  const TensorInfo* find(std::string_view name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  void read_header();

  MappedFile file_;
  std::vector<std::string> names_;
  std::map<std::string, TensorInfo, std::less<>> tensors_;
  std::map<std::string, std::string> metadata_;
};

// A copy of a tensor's numbers, whose type is that of its dtype.
template <class Number>
std::vector<Number> elements(const TensorInfo& info) {
  std::vector<Number> values(info.bytes / sizeof(Number));
  std::memcpy(values.data(), info.data, info.bytes);
  return values;
}

// Writes a file tensor by tensor, so that no more than one needs to be in memory: the header from the layout (whose data
// pointers are not used), then append() or skip() for every tensor in the layout's order, then finish(). Throws
// std::invalid_argument for a layout that is no valid file or bytes that don't follow it, Error when the disk refuses.
class SafetensorsWriter {
 public:
  using Tensors = std::vector<std::pair<std::string, TensorInfo>>;

  SafetensorsWriter(const std::filesystem::path& file, const Tensors& layout,
                    const std::map<std::string, std::string>& metadata);
  void append(const std::byte* data, size_t bytes);
  // Leaves the next tensor out of the file: finish() writes the header anew.
  void skip();
  // Fsyncs and closes. Without it the file is incomplete.
  void finish();

 private:
  struct Close {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
  };

  void write(const void* data, size_t bytes);
  void write_header(const std::string& header);

  std::string name_;
  std::unique_ptr<std::FILE, Close> stream_;
  Tensors layout_;
  std::map<std::string, std::string> metadata_;
  size_t header_bytes_ = 0;
  std::set<size_t> skipped_;  // of layout_
  size_t next_ = 0;
};

// All tensors at once, fsynced but not atomic: write into an AtomicFolder or rename afterwards. Data are not copied.
void write_safetensors(const std::filesystem::path& file, const SafetensorsWriter::Tensors& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace glid
