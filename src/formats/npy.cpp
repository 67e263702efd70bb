#include "glid/formats/npy.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"

namespace glid {
namespace {

static_assert(std::endian::native == std::endian::little, "the data are handed out as they lie in the file");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kAlignment = 64;  // of the data in a file that numpy writes
constexpr size_t kMaxHeader = 64 << 10;
constexpr size_t kMaxDimensions = 32;

double from_half(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  double value = 0;
  if (exponent == 31) value = mantissa ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  else if (exponent == 0) value = std::ldexp(mantissa, -24);
  else value = std::ldexp(mantissa + 1024, exponent - 25);
  return bits & 0x8000 ? -value : value;
}

template <typename T>
double number_at(const char* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return static_cast<double>(value);
}

double half_at(const char* data) {
  uint16_t bits;
  std::memcpy(&bits, data, sizeof bits);
  return from_half(bits);
}

struct Dtype {
  size_t bytes;
  double (*number)(const char* data);
};

const Dtype* find_dtype(std::string_view name) {
  static const std::map<std::string_view, Dtype> kDtypes = {
      {"b1", {1, number_at<uint8_t>}},  {"i1", {1, number_at<int8_t>}},
      {"u1", {1, number_at<uint8_t>}},  {"i2", {2, number_at<int16_t>}},
      {"u2", {2, number_at<uint16_t>}}, {"i4", {4, number_at<int32_t>}},
      {"u4", {4, number_at<uint32_t>}}, {"i8", {8, number_at<int64_t>}},
      {"u8", {8, number_at<uint64_t>}}, {"f2", {2, half_at}},
      {"f4", {4, number_at<float>}},    {"f8", {8, number_at<double>}}};
  const auto found = kDtypes.find(name);
  return found == kDtypes.end() ? nullptr : &found->second;
}

// Elements x bytes; none when a size is negative or the product is no int64.
std::optional<int64_t> data_bytes(const std::vector<int64_t>& shape, size_t bytes_of_one) {
  auto bytes = static_cast<int64_t>(bytes_of_one);
  for (const int64_t size : shape)
    if (size < 0 || __builtin_mul_overflow(bytes, size, &bytes)) return std::nullopt;
  return bytes;
}

// The Python literal of the header: {'descr': '<f4', 'fortran_order': False, 'shape': (480, 640), }
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& where) : rest_(text), where_(where) {}

  NpyArray read() {
    NpyArray array;
    bool has_dtype = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr" && !has_dtype) array.dtype = dtype(), has_dtype = true;
      else if (key == "fortran_order" && !has_order) array.fortran_order = boolean(), has_order = true;
      else if (key == "shape" && !has_shape) array.shape = shape(), has_shape = true;
      else fail();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (!rest_.empty() || !has_dtype || !has_order || !has_shape) fail();
    return array;
  }

 private:
  [[noreturn]] void fail() const { throw DataError(where_, "has a damaged .npy header", std::string(rest_.substr(0, 40))); }

  void skip_spaces() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
  }

  bool accept(char c) {
    skip_spaces();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!accept(c)) fail();
  }

  bool accept_word(std::string_view word) {
    skip_spaces();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::string_view quoted() {
    skip_spaces();
    if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) fail();
    const size_t end = rest_.find(rest_[0], 1);
    if (end == std::string_view::npos) fail();
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }

  std::string dtype() {
    skip_spaces();
    if (rest_.starts_with('[')) throw DataError(where_, "holds records, not numbers");
    const std::string_view text = quoted();
    const bool is_little = text.starts_with('<') || (text.starts_with('|') && text.ends_with('1'));
    if (!is_little || !find_dtype(text.substr(1)))
      throw DataError(where_, "has an unsupported dtype", std::string(text), "store little-endian numbers");
    return std::string(text.substr(1));
  }

  bool boolean() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) fail();
    return false;
  }

  std::vector<int64_t> shape() {
    std::vector<int64_t> sizes;
    expect('(');
    while (!accept(')')) {
      if (sizes.size() == kMaxDimensions) fail();
      sizes.push_back(integer());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  int64_t integer() {
    skip_spaces();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || value < 0) fail();
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return value;
  }

  std::string_view rest_;
  const std::string& where_;
};

// Cuts magic, version and header off the front of `bytes` and returns the header.
std::string_view take_header(std::string_view& bytes, const std::string& where) {
  if (!bytes.starts_with(kMagic)) throw DataError(where, bytes.empty() ? "is empty" : "is not a .npy file");
  const size_t length_at = kMagic.size() + 2;
  const size_t major = bytes.size() < length_at ? 0 : static_cast<uint8_t>(bytes[kMagic.size()]);
  const size_t length_bytes = major == 1 ? 2 : 4;
  if (bytes.size() < length_at + length_bytes) throw DataError(where, "is truncated inside its .npy header");
  if (major < 1 || major > 3 || bytes[kMagic.size() + 1] != 0)
    throw DataError(where, "is a .npy of an unknown version", format("{}.{}", major, int{bytes[kMagic.size() + 1]}));
  uint32_t length = 0;
  std::memcpy(&length, bytes.data() + length_at, length_bytes);
  bytes.remove_prefix(length_at + length_bytes);
  if (length > kMaxHeader) throw DataError(where, "has a .npy header that is too long", format("{} bytes", length));
  if (length > bytes.size()) throw DataError(where, "is truncated inside its .npy header");
  const std::string_view header = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return header;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  return glid::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

// Visits the elements of a Fortran array in C order: calls visit(place of the element in data).
template <typename Visit>
void for_each_in_c_order(const std::vector<int64_t>& shape, const Visit& visit) {
  std::vector<int64_t> index(shape.size(), 0), stride(shape.size(), 1);
  int64_t total = 1;
  for (size_t d = 0; d < shape.size(); ++d) {
    stride[d] = total;
    total *= shape[d];
  }
  int64_t place = 0;
  for (int64_t i = 0; i < total; ++i) {
    visit(place);
    for (size_t d = shape.size(); d-- > 0;) {
      place += stride[d];
      if (++index[d] < shape[d]) break;
      place -= stride[d] * shape[d];
      index[d] = 0;
    }
  }
}

template <typename T>
NpyArray array_from(std::span<const T> values, std::vector<int64_t> shape, const char* dtype) {
  NpyArray array{dtype, std::move(shape), false,
                 std::string(reinterpret_cast<const char*>(values.data()), values.size_bytes())};
  if (data_bytes(array.shape, sizeof(T)) != static_cast<int64_t>(array.data.size()))
    throw std::invalid_argument(format("npy: {} values for the shape {}", values.size(), shape_text(array.shape)));
  return array;
}

}  // namespace

NpyArray NpyArray::from(std::span<const float> values, std::vector<int64_t> shape) {
  return array_from(values, std::move(shape), "f4");
}

NpyArray NpyArray::from(std::span<const double> values, std::vector<int64_t> shape) {
  return array_from(values, std::move(shape), "f8");
}

int64_t NpyArray::size() const {
  int64_t size = 1;
  for (const int64_t n : shape) size *= n;
  return size;
}

std::vector<double> NpyArray::to_doubles() const {
  const Dtype* kind = find_dtype(dtype);
  if (!kind) throw std::invalid_argument("npy: unknown dtype " + dtype);
  std::vector<double> values;
  values.reserve(static_cast<size_t>(size()));
  const auto append = [&](int64_t place) {
    values.push_back(kind->number(data.data() + static_cast<size_t>(place) * kind->bytes));
  };
  if (fortran_order) for_each_in_c_order(shape, append);
  else
    for (int64_t i = 0; i < size(); ++i) append(i);
  return values;
}

NpyArray decode_npy(std::string_view bytes, const std::string& where) {
  const std::string_view header = take_header(bytes, where);
  NpyArray array = HeaderReader(header, where).read();
  const auto expected = data_bytes(array.shape, find_dtype(array.dtype)->bytes);
  if (expected != static_cast<int64_t>(bytes.size()))
    throw DataError(where, format("doesn't have the bytes of shape {} and dtype {}", shape_text(array.shape), array.dtype),
                    std::to_string(bytes.size()));
  array.data = bytes;
  return array;
}

NpyArray read_npy(const std::filesystem::path& file) { return decode_npy(read_file(file), file.string()); }

std::string encode_npy(const NpyArray& array) {
  const Dtype* kind = find_dtype(array.dtype);
  if (!kind || data_bytes(array.shape, kind->bytes) != static_cast<int64_t>(array.data.size()))
    throw std::invalid_argument(
        format("npy: {} bytes of {} for {}", array.data.size(), array.dtype, shape_text(array.shape)));
  std::string header = format("{{'descr': '{}{}', 'fortran_order': {}, 'shape': {}, }}", kind->bytes == 1 ? '|' : '<',
                              array.dtype, array.fortran_order ? "True" : "False", shape_text(array.shape));
  const size_t before = kMagic.size() + 4;
  header.append(kAlignment - 1 - (before + header.size()) % kAlignment, ' ').push_back('\n');
  std::string out(kMagic);
  for (const size_t byte : {size_t{1}, size_t{0}, header.size() & 255, header.size() >> 8}) out += static_cast<char>(byte);
  return out + header + array.data;
}

void write_npy(const std::filesystem::path& file, const NpyArray& array) { write_file(file, encode_npy(array)); }

}  // namespace glid
