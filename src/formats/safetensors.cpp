#include "glid/formats/safetensors.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <stdexcept>
#include <tuple>

#include "glid/core/disk_error.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/json.h"

namespace glid {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data are little-endian");

constexpr size_t kLengthBytes = 8;
constexpr size_t kMaxHeaderBytes = 100'000'000;  // the reference implementation's limit
constexpr size_t kMaxValues = 10'000'000;        // of the JSON: less than 2 GB of memory
constexpr size_t kMaxDimensions = 64;            // of PyTorch
constexpr size_t kMaxTexts = 100'000;            // of the metadata
constexpr size_t kAlignment = 8;
constexpr std::string_view kMetadata = "__metadata__";

// Elements x bytes of the dtype; none for an unknown dtype, a negative size or more than 64 bits hold.
std::optional<size_t> data_bytes(const TensorInfo& tensor) {
  size_t bytes = dtype_bytes(tensor.dtype);
  if (bytes == 0) return std::nullopt;
  for (const int64_t size : tensor.shape)
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<size_t>(size), &bytes)) return std::nullopt;
  return bytes;
}

struct Entry {
  std::string name;
  TensorInfo tensor;
  size_t begin = 0, end = 0;
};

// One member of the header; errors don't name the file yet.
Entry read_entry(const std::string& name, const Json& json) {
  Entry entry{name};
  entry.tensor.dtype = json.at("dtype").as_string();
  const Json::Array& shape = json.at("shape").as_array();
  if (shape.size() > kMaxDimensions)
    throw DataError("", "impossible shape: too many dimensions", format("{}", shape.size()));
  for (const Json& size : shape) entry.tensor.shape.push_back(size.as_int());
  const auto& offsets = json.at("data_offsets").as_array();
  if (offsets.size() != 2) throw DataError("", "data_offsets must be two numbers");
  entry.begin = offsets[0].as_uint();
  entry.end = offsets[1].as_uint();
  const auto bytes = data_bytes(entry.tensor);
  if (!bytes) throw DataError("", "unknown dtype or impossible shape", entry.tensor.dtype);
  entry.tensor.bytes = *bytes;
  if (entry.end < entry.begin || entry.end - entry.begin != *bytes)
    throw DataError("", "data_offsets don't fit shape and dtype", format("{} to {}", entry.begin, entry.end));
  return entry;
}

std::map<std::string, std::string> read_metadata(const Json& json) {
  const Json::Object& texts = json.as_object();
  if (texts.size() > kMaxTexts) throw DataError("", "has too many texts", format("{}", texts.size()));
  std::map<std::string, std::string> metadata;
  for (const auto& [key, text] : texts) metadata[key] = text.as_string();
  return metadata;
}

struct Header {
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
};

Header read_members(const Json& json) {
  Header header;
  std::set<std::string_view> seen;
  for (const auto& [name, value] : json.as_object()) {
    if (!seen.insert(name).second) throw DataError(name, "is there twice");
    try {
      if (name != kMetadata) header.entries.push_back(read_entry(name, value));
      else header.metadata = read_metadata(value);
    } catch (const DataError& error) {
      throw DataError(name, error.what());
    }
  }
  return header;
}

// Every value of a JSON but the first stands behind one of these. Those in texts count as well.
void check_num_values(std::string_view json) {
  const auto count = std::count_if(json.begin(), json.end(), [](char c) { return c == '[' || c == '{' || c == ','; });
  if (static_cast<size_t>(count) > kMaxValues) throw DataError("", "has a header of too many values", format("{}", count));
}

// Sorts the entries by place. Throws DataError unless they fill `size` bytes without holes or overlaps.
void check_layout(std::vector<Entry>& entries, size_t size) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  size_t place = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != place)
      throw DataError(entry.name, "its data leave a hole or overlap", format("offset {}", entry.begin));
    place = entry.end;
  }
  if (place != size)
    throw DataError("", format("is truncated or damaged: {} bytes of tensor data expected", place), std::to_string(size));
}

[[noreturn]] void disk_error(const std::string& file) { throw_disk_error(file, "can't be written"); }

// The JSON header for tensors in order, padded with spaces so that the data are aligned.
std::string make_header(const SafetensorsWriter::Tensors& layout, const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) {
    Json texts = Json::object();
    for (const auto& [key, text] : metadata) texts.set(key, text);
    header.set(std::string(kMetadata), texts);
  }
  std::set<std::string_view> seen{kMetadata};
  uint64_t place = 0;
  for (const auto& [name, tensor] : layout) {
    if (!seen.insert(name).second) throw std::invalid_argument(format("safetensors: the name {} is taken", name));
    if (data_bytes(tensor) != tensor.bytes) throw std::invalid_argument(format("safetensors: wrong size of {}", name));
    const Json::Array shape(tensor.shape.begin(), tensor.shape.end());
    const Json::Array offsets{place, place + tensor.bytes};
    place += tensor.bytes;
    header.set(name, Json::object().set("dtype", tensor.dtype).set("shape", shape).set("data_offsets", offsets));
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  return text;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& file) : file_(file) {
  if (file_.size() < kLengthBytes)
    throw DataError(file.string(), "is truncated: no safetensors header", format("{} bytes", file_.size()));
  try {
    read_header();
  } catch (const DataError& error) {
    throw DataError(file.string(), error.what());
  }
}

void SafetensorsFile::read_header() {
  const size_t size = file_.size();
  uint64_t length = 0;
  std::memcpy(&length, file_.data(), kLengthBytes);
  if (length > kMaxHeaderBytes)
    throw DataError("", "is not a safetensors file: the header is too long", format("{} bytes", length));
  if (length > size - kLengthBytes)
    throw DataError("", "is truncated: the header doesn't fit", format("{} of {} bytes", length, size));
  const std::string_view text = file_.text().substr(kLengthBytes, length);
  if (!text.starts_with('{')) throw DataError("", "is not a safetensors file: no JSON header");
  check_num_values(text);
  Header header = read_members(Json::parse(text, "the header"));
  const std::byte* data = file_.data() + kLengthBytes + length;
  check_layout(header.entries, size - kLengthBytes - length);
  metadata_ = std::move(header.metadata);
  for (Entry& entry : header.entries) {
    entry.tensor.data = data + entry.begin;
    names_.push_back(entry.name);
    tensors_.emplace(std::move(entry.name), std::move(entry.tensor));
  }
}

const TensorInfo* SafetensorsFile::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& file, const Tensors& layout,
                                     const std::map<std::string, std::string>& metadata)
    : name_(file.string()), layout_(layout), metadata_(metadata) {
  const std::string header = make_header(layout_, metadata_);
  stream_.reset(std::fopen(file.c_str(), "wbe"));
  if (!stream_) disk_error(name_);
  header_bytes_ = header.size();
  write_header(header);
}

void SafetensorsWriter::write_header(const std::string& header) {
  const uint64_t length = header.size();
  write(&length, kLengthBytes);
  write(header.data(), header.size());
}

void SafetensorsWriter::append(const std::byte* data, size_t bytes) {
  if (next_ == layout_.size() || layout_[next_].second.bytes != bytes)
    throw std::invalid_argument("safetensors: not the next tensor of the layout");
  ++next_;
  write(data, bytes);
}

void SafetensorsWriter::skip() {
  if (next_ == layout_.size()) throw std::invalid_argument("safetensors: no tensor is left to skip");
  skipped_.insert(next_++);
}

void SafetensorsWriter::finish() {
  if (next_ != layout_.size()) throw std::invalid_argument("safetensors: tensors are missing");
  if (!skipped_.empty()) {
    Tensors kept;
    for (size_t i = 0; i < layout_.size(); ++i)
      if (!skipped_.contains(i)) kept.push_back(layout_[i]);
    std::string header = make_header(kept, metadata_);
    header.resize(header_bytes_, ' ');  // fewer tensors at smaller places: it is never longer
    if (std::fseek(stream_.get(), 0, SEEK_SET) != 0) disk_error(name_);
    write_header(header);
  }
  if (std::fflush(stream_.get()) != 0 || ::fsync(::fileno(stream_.get())) != 0) disk_error(name_);
  if (std::fclose(stream_.release()) != 0) disk_error(name_);
}

void SafetensorsWriter::write(const void* data, size_t bytes) {
  if (bytes > 0 && std::fwrite(data, 1, bytes, stream_.get()) != bytes) disk_error(name_);
}

void write_safetensors(const std::filesystem::path& file, const SafetensorsWriter::Tensors& tensors,
                       const std::map<std::string, std::string>& metadata) {
  SafetensorsWriter writer(file, tensors, metadata);
  for (const auto& [name, tensor] : tensors) writer.append(tensor.data, tensor.bytes);
  writer.finish();
}

}  // namespace glid
