// TensorBoard event files: TFRecord frames (length and data, each with a masked CRC-32C) around Event protocol buffers.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace glid {

// Appends to a new file events.out.tfevents.<seconds>.<host>.<process>.<number> in `folder` (made if missing); TensorBoard
// joins the files of one folder, and forgets what earlier ones have at `first_step` or after it. Not thread-safe. Throws
// Error when the disk refuses.
class TfEventsWriter {
 public:
  TfEventsWriter(const std::filesystem::path& folder, int64_t first_step);

  const std::filesystem::path& file() const { return file_; }
  void add_scalar(const std::string& tag, double value, int64_t step);
  // `png` is a complete RGB file of height x width pixels.
  void add_image_png(const std::string& tag, std::string_view png, int64_t height, int64_t width, int64_t step);
  void flush();

 private:
  struct Close {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
  };

  void add_summary(const std::string& value, int64_t step);
  void write_record(std::string_view record);

  std::filesystem::path file_;
  std::unique_ptr<std::FILE, Close> stream_;
};

}  // namespace glid
