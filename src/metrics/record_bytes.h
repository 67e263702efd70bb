// Accumulators as bytes, for ranks that run the same program on the same kind of machine; not a file format.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "glid/metrics/image_records.h"

namespace glid {

// Values must have no padding, so that equal accumulators give equal bytes.
class ByteWriter {
 public:
  template <typename T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <typename T>
  void put_all(const std::vector<T>& values) {
    put(uint64_t{values.size()});
    for (const T& value : values) put(value);
  }
  void put_text(std::string_view text) {
    put(uint64_t{text.size()});
    bytes_ += text;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Throws std::invalid_argument where the bytes end too early.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  template <typename T>
  T get() {
    T value;
    const std::string_view bytes = get_bytes(sizeof value);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  template <typename T>
  std::vector<T> get_all() {
    std::vector<T> values;
    for (uint64_t count = get<uint64_t>(); count > 0; --count) values.push_back(get<T>());
    return values;
  }
  std::string_view get_text() { return get_bytes(get<uint64_t>()); }

 private:
  std::string_view get_bytes(uint64_t count) {
    if (count > rest_.size()) throw std::invalid_argument("an accumulator's bytes end too early");
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }

  std::string_view rest_;
};

// `header` says what was accumulated and with which settings; only bytes that begin with the same can be read.
template <typename Record, typename Put>
std::string bytes_of_records(const std::string& header, const ImageRecords<Record>& records, Put put) {
  ByteWriter out;
  out.put_text(header);
  out.put(uint64_t{records.size()});
  for (const auto& [image, record] : records) {
    out.put_text(image);
    put(out, record);
  }
  return out.take();
}

template <typename Record, typename Get>
ImageRecords<Record> records_of_bytes(const std::string& header, ByteReader& in, Get get) {
  if (in.get_text() != header) throw std::invalid_argument("bytes of another accumulator than " + header);
  ImageRecords<Record> records;
  for (uint64_t count = in.get<uint64_t>(); count > 0; --count) {
    const std::string_view image = in.get_text();
    records.add(image, get(in));
  }
  return records;
}

}  // namespace glid
