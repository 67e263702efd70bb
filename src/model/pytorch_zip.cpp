#include "pytorch_zip.h"

#include <cerrno>
#include <cstring>

#include "glid/core/error.h"

namespace glid {

PyTorchZip::PyTorchZip(const std::filesystem::path& file) : name_(file.string()), stream_(std::fopen(file.c_str(), "wbe")) {
  if (!stream_) error_ = errno;
  require_written();
  zip_ = std::make_unique<caffe2::serialize::PyTorchStreamWriter>(
      [this](const void* data, size_t bytes) { return take(data, bytes); });
}

// PyTorch's writer finishes the file when it goes, and would throw there: what the disk refuses is remembered instead.
size_t PyTorchZip::take(const void* data, size_t bytes) {
  if (error_ == 0 && std::fwrite(data, 1, bytes, stream_.get()) != bytes) error_ = errno;
  return bytes;
}

void PyTorchZip::require_written() const {
  if (error_ != 0) throw Error(ExitCode::kInternal, name_, "can't be written", std::strerror(error_));
}

void PyTorchZip::add(const std::string& record, const void* data, size_t bytes) {
  zip_->writeRecord(record, data, bytes);
  require_written();
}

void PyTorchZip::finish() {
  zip_->writeEndOfFile();
  if (error_ == 0 && std::fflush(stream_.get()) != 0) error_ = errno;
  require_written();
}

}  // namespace glid
