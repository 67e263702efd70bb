// The zip container of PyTorch's files, with errors of the disk as ours.
#pragma once

#include <caffe2/serialize/inline_container.h>

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace glid {

class PyTorchZip {
 public:
  // Throws Error (kInternal), as the others do, when the disk refuses.
  explicit PyTorchZip(const std::filesystem::path& file);

  void add(const std::string& record, const void* data, size_t bytes);
  // The directory of the zip.
  void finish();

 private:
  struct Close {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
  };
  size_t take(const void* data, size_t bytes);
  void require_written() const;

  std::string name_;
  std::unique_ptr<std::FILE, Close> stream_;
  int error_ = 0;                                                // errno of the first write that failed
  std::unique_ptr<caffe2::serialize::PyTorchStreamWriter> zip_;  // writes to the stream until it is gone
};

}  // namespace glid
