#include "glid/formats/mat5.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"

namespace glid {
namespace {

// "MAT-File Format" (MathWorks), chapter 1: a header of 128 bytes, then elements of a tag (type, bytes), data and padding to
// 8 bytes. Matrices are elements whose data are elements.
constexpr size_t kHeaderBytes = 128;
constexpr size_t kMaxInflatedBytes = 64 << 20;
constexpr size_t kMaxDimensions = 32;

enum Type : uint32_t { kInt8 = 1, kInt32 = 5, kUint32 = 6, kMatrix = 14, kCompressed = 15 };
enum Class : uint8_t { kDouble = 6, kUint64 = 15 };  // the numeric classes are those from double to uint64
constexpr uint8_t kComplexFlag = 8;

template <typename T>
T load(const char* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

template <typename T>
double number_at(const char* data) {
  return static_cast<double>(load<T>(data));
}

struct NumberType {
  size_t bytes = 0;  // 0: not a type of numbers
  double (*number)(const char* data) = nullptr;
};

NumberType number_type(uint32_t type) {
  switch (type) {
    case kInt8: return {1, number_at<int8_t>};
    case 2: return {1, number_at<uint8_t>};
    case 3: return {2, number_at<int16_t>};
    case 4: return {2, number_at<uint16_t>};
    case kInt32: return {4, number_at<int32_t>};
    case kUint32: return {4, number_at<uint32_t>};
    case 7: return {4, number_at<float>};
    case 9: return {8, number_at<double>};
    case 12: return {8, number_at<int64_t>};
    case 13: return {8, number_at<uint64_t>};
    default: return {};
  }
}

struct Element {
  uint32_t type = 0;
  std::string_view data;
};

class Mat5Reader {
 public:
  explicit Mat5Reader(const std::string& where) : where_(where) {}

  std::vector<MatArray> read(std::string_view bytes) {
    check_header(bytes);
    bytes.remove_prefix(kHeaderBytes);
    while (!bytes.empty()) read_variable(take_element(bytes));
    return std::move(arrays_);
  }

 private:
  [[noreturn]] void fail(const char* what, const std::string& value = {}) const { throw DataError(where_, what, value); }

  void check_header(std::string_view bytes) const {
    if (bytes.starts_with("MATLAB 7.3")) throw DataError(where_, "is a MATLAB 7.3 file (HDF5)", {}, "save it with -v7");
    if (bytes.size() < kHeaderBytes) fail("is not a MATLAB level 5 file or is truncated", format("{} bytes", bytes.size()));
    if (bytes.substr(126, 2) == "MI") fail("is a big-endian MATLAB file");
    if (bytes.substr(126, 2) != "IM" || load<uint16_t>(bytes.data() + 124) != 0x0100) fail("is not a MATLAB level 5 file");
  }

  // Up to four bytes may stand in the tag itself: its upper half is their number then.
  Element take_element(std::string_view& bytes) const {
    if (bytes.size() < 8) fail("is truncated or damaged: half a tag");
    Element element{load<uint32_t>(bytes.data())};
    size_t size = load<uint32_t>(bytes.data() + 4);
    if (element.type >> 16) {
      size = element.type >> 16;
      element.type &= 0xFFFF;
      if (size > 4) fail("is damaged: a small element of more than 4 bytes");
      element.data = bytes.substr(4, size);
      bytes.remove_prefix(8);
      return element;
    }
    bytes.remove_prefix(8);
    if (size > bytes.size())
      fail("is truncated or damaged: an element doesn't fit", format("{} of {} bytes", size, bytes.size()));
    element.data = bytes.substr(0, size);
    const size_t padding = element.type == kCompressed ? 0 : (8 - size % 8) % 8;
    bytes.remove_prefix(std::min(size + padding, bytes.size()));
    return element;
  }

  void read_variable(const Element& element) {
    if (element.type == kCompressed) {
      const std::string inflated = inflate_all(element.data);
      std::string_view rest = inflated;
      const Element inside = take_element(rest);
      if (inside.type == kCompressed) fail("is damaged: compressed twice");
      read_variable(inside);
    } else if (element.type == kMatrix) {
      if (auto array = read_matrix(element.data)) arrays_.push_back(*std::move(array));
    } else {
      fail("is damaged: a variable that is no array", format("type {}", element.type));
    }
  }

  std::string inflate_all(std::string_view packed) {
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
    const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string out, block(64 << 10, '\0');
    for (int status = Z_OK; status != Z_STREAM_END;) {
      stream.next_out = reinterpret_cast<Bytef*>(block.data());
      stream.avail_out = static_cast<uInt>(block.size());
      status = inflate(&stream, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END) fail("is truncated or damaged: a compressed array", zError(status));
      out.append(block, 0, block.size() - stream.avail_out);
      if (num_inflated_ + out.size() > kMaxInflatedBytes)
        fail("inflates to too much", format("more than {} bytes", kMaxInflatedBytes));
    }
    num_inflated_ += out.size();
    return out;
  }

  // None for classes that we leave out.
  std::optional<MatArray> read_matrix(std::string_view bytes) const {
    if (bytes.empty()) return std::nullopt;
    const Element flags = take_element(bytes);
    if (flags.type != kUint32 || flags.data.size() != 8) fail("is damaged: an array without flags");
    const auto array_class = static_cast<uint8_t>(flags.data[0]);
    if (array_class < kDouble || array_class > kUint64 || flags.data[1] & kComplexFlag) return std::nullopt;
    MatArray array;
    array.shape = read_shape(take_element(bytes));
    const Element name = take_element(bytes);
    if (name.type != kInt8) fail("is damaged: an array without a name");
    array.name = name.data;
    array.values = read_values(take_element(bytes), array);
    return array;
  }

  std::vector<int64_t> read_shape(const Element& element) const {
    const size_t num_dimensions = element.data.size() / sizeof(int32_t);
    if (element.type != kInt32 || element.data.size() % 4 || num_dimensions < 2 || num_dimensions > kMaxDimensions)
      fail("is damaged: an array without dimensions");
    std::vector<int64_t> shape;
    for (size_t i = 0; i < num_dimensions; ++i) {
      shape.push_back(load<int32_t>(element.data.data() + i * sizeof(int32_t)));
      if (shape.back() < 0) fail("is damaged: a negative dimension", std::to_string(shape.back()));
    }
    return shape;
  }

  // Numbers may be stored in a smaller type than their class.
  std::vector<double> read_values(const Element& element, const MatArray& array) const {
    const NumberType type = number_type(element.type);
    if (type.bytes == 0) fail("is damaged: numbers of an unknown type", format("array {}", array.name));
    int64_t count = 1;
    bool fits = element.data.size() % type.bytes == 0;
    for (const int64_t size : array.shape) fits = fits && !__builtin_mul_overflow(count, size, &count);
    if (!fits || static_cast<size_t>(count) != element.data.size() / type.bytes)
      throw DataError(where_,
                      glid::format("is damaged: array {} of shape {} has another number of values", array.name,
                                   fmt::join(array.shape, " x ")),
                      std::to_string(element.data.size() / type.bytes));
    std::vector<double> values(static_cast<size_t>(count));
    for (size_t i = 0; i < values.size(); ++i) values[i] = type.number(element.data.data() + i * type.bytes);
    return values;
  }

  const std::string& where_;
  size_t num_inflated_ = 0;
  std::vector<MatArray> arrays_;
};

}  // namespace

std::vector<MatArray> decode_mat5(std::string_view bytes, const std::string& where) { return Mat5Reader(where).read(bytes); }

std::vector<MatArray> read_mat5(const std::filesystem::path& file) { return decode_mat5(read_file(file), file.string()); }

}  // namespace glid
