#include "glid/formats/tf_events.h"

#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "glid/core/crc32c.h"
#include "glid/core/disk_error.h"
#include "glid/core/environment.h"
#include "glid/core/format.h"
#include "glid/core/utf8.h"

namespace glid {
namespace {

static_assert(std::endian::native == std::endian::little, "the wire format is little-endian");

// Field numbers of tensorflow/core/util/event.proto and framework/summary.proto.
enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum SessionLogField { kStatus = 1 };
constexpr int64_t kStart = 1;  // a status
enum SummaryField { kValue = 1 };
enum ValueField { kTag = 1, kSimpleValue = 2, kImage = 4 };
enum ImageField { kHeight = 1, kWidth = 2, kColorspace = 3, kEncodedImage = 4 };
constexpr int64_t kColorspaceRgb = 3;

// A protocol buffer message under construction.
class Message {
 public:
  Message& integer(int field, int64_t value) { return key(field, 0).varint(static_cast<uint64_t>(value)); }
  Message& real64(int field, double value) { return key(field, 1).raw(&value, sizeof value); }
  Message& real32(int field, float value) { return key(field, 5).raw(&value, sizeof value); }
  Message& bytes(int field, std::string_view value) {
    return key(field, 2).varint(value.size()).raw(value.data(), value.size());
  }
  const std::string& text() const { return text_; }

 private:
  Message& key(int field, int wire_type) { return varint(static_cast<uint64_t>(field << 3 | wire_type)); }
  Message& varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
    text_ += static_cast<char>(value);
    return *this;
  }
  Message& raw(const void* data, size_t size) {
    text_.append(static_cast<const char*>(data), size);
    return *this;
  }

  std::string text_;
};

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// TFRecord stores checksums turned and shifted, so that data which contain checksums are checked well too.
uint32_t masked_crc(const void* data, size_t size) {
  const uint32_t crc = crc32c(data, size);
  return std::rotr(crc, 15) + 0xA282EAD8u;
}

[[noreturn]] void disk_error(const std::filesystem::path& file) { throw_disk_error(file, "can't be written"); }

}  // namespace

TfEventsWriter::TfEventsWriter(const std::filesystem::path& folder, int64_t first_step) {
  static std::atomic<int> num_files = 0;
  std::filesystem::create_directories(folder);
  const double now = seconds_since_1970();
  file_ = folder /
          format("events.out.tfevents.{:010d}.{}.{}.{}", static_cast<int64_t>(now), host_name(), ::getpid(), num_files++);
  stream_.reset(std::fopen(file_.c_str(), "wbxe"));
  if (!stream_) disk_error(file_);
  write_record(Message().real64(kWallTime, now).bytes(kFileVersion, "brain.Event:2").text());
  const std::string start = Message().integer(kStatus, kStart).text();
  write_record(Message().real64(kWallTime, now).integer(kStep, first_step).bytes(kSessionLog, start).text());
  flush();
}

void TfEventsWriter::add_scalar(const std::string& tag, double value, int64_t step) {
  add_summary(Message().bytes(kTag, to_utf8(tag)).real32(kSimpleValue, static_cast<float>(value)).text(), step);
}

void TfEventsWriter::add_image_png(const std::string& tag, std::string_view png, int64_t height, int64_t width,
                                   int64_t step) {
  Message image;
  image.integer(kHeight, height).integer(kWidth, width).integer(kColorspace, kColorspaceRgb).bytes(kEncodedImage, png);
  add_summary(Message().bytes(kTag, to_utf8(tag)).bytes(kImage, image.text()).text(), step);
}

void TfEventsWriter::flush() {
  if (std::fflush(stream_.get()) != 0) disk_error(file_);
}

void TfEventsWriter::add_summary(const std::string& value, int64_t step) {
  const std::string summary = Message().bytes(kValue, value).text();
  write_record(Message().real64(kWallTime, seconds_since_1970()).integer(kStep, step).bytes(kSummary, summary).text());
}

void TfEventsWriter::write_record(std::string_view record) {
  const uint64_t length = record.size();
  const uint32_t length_crc = masked_crc(&length, sizeof length);
  const uint32_t record_crc = masked_crc(record.data(), record.size());
  std::string frame(reinterpret_cast<const char*>(&length), sizeof length);
  frame.append(reinterpret_cast<const char*>(&length_crc), sizeof length_crc);
  frame.append(record);
  frame.append(reinterpret_cast<const char*>(&record_crc), sizeof record_crc);
  if (std::fwrite(frame.data(), 1, frame.size(), stream_.get()) != frame.size()) disk_error(file_);
}

}  // namespace glid
