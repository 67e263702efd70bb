#include "hdf5_file.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <mutex>
#include <stdexcept>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

static_assert(std::endian::native == std::endian::little, "the numbers are little-endian");

// One thread at a time, and nothing printed on errors meanwhile. A thread may take its turn again within one.
class Turn {
 public:
  Turn() : lock_(mutex()) {
    H5Eget_auto2(H5E_DEFAULT, &print_, &print_data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Turn() { H5Eset_auto2(H5E_DEFAULT, print_, print_data_); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  static std::recursive_mutex& mutex() {
    static std::recursive_mutex mutex;
    return mutex;
  }

  std::lock_guard<std::recursive_mutex> lock_;
  H5E_auto2_t print_ = nullptr;
  void* print_data_ = nullptr;
};

herr_t keep_innermost(unsigned, const H5E_error2_t* error, void* text) {
  if (error->desc) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

// What HDF5 says about its last error, in its innermost function.
std::string hdf5_message() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_innermost, &text);
  return text;
}

struct NumberType {
  Hdf5Number number;
  const char* name;
  hid_t (*type)();
  int64_t bytes;
};

constexpr std::array<NumberType, 5> kNumberTypes{{
    {Hdf5Number::kUint8, "uint8", [] { return H5T_STD_U8LE; }, 1},
    {Hdf5Number::kUint16, "uint16", [] { return H5T_STD_U16LE; }, 2},
    {Hdf5Number::kFloat, "float32", [] { return H5T_IEEE_F32LE; }, 4},
    {Hdf5Number::kDouble, "float64", [] { return H5T_IEEE_F64LE; }, 8},
    {Hdf5Number::kReference, "references", [] { return H5T_STD_REF_OBJ; }, 8},
}};

const NumberType& type_of(Hdf5Number number) { return kNumberTypes[static_cast<size_t>(number)]; }

// False when it doesn't fit.
bool multiply(int64_t factor, int64_t& product) { return !__builtin_mul_overflow(product, factor, &product); }

// The place of `index` in an array of this shape.
int64_t place_of(const std::vector<int64_t>& index, const std::vector<int64_t>& begin, const std::vector<int64_t>& shape) {
  int64_t place = 0;
  for (size_t d = 0; d < shape.size(); ++d) place = place * shape[d] + index[d] - begin[d];
  return place;
}

// Steps `index` through begin to end, the last dimension first; false after the last.
bool advance(std::vector<int64_t>& index, const std::vector<int64_t>& begin, const std::vector<int64_t>& end,
             const std::vector<int64_t>& step) {
  for (size_t d = index.size(); d-- > 0;) {
    index[d] += step[d];
    if (index[d] < end[d]) return true;
    index[d] = begin[d];
  }
  return false;
}

// Shuffled, the first bytes of all elements come first, then the second.
std::string unshuffled(const std::string& bytes, size_t element_bytes) {
  const size_t num_elements = bytes.size() / element_bytes;
  std::string out(bytes.size(), '\0');
  for (size_t b = 0; b < element_bytes; ++b)
    for (size_t i = 0; i < num_elements; ++i) out[i * element_bytes + b] = bytes[b * num_elements + i];
  return out;
}

}  // namespace

Hdf5Handle::~Hdf5Handle() {
  if (id_ < 0) return;
  const Turn turn;
  close_(id_);
}

Hdf5Dataset::Hdf5Dataset(std::string file, std::string name, Hdf5Handle handle)
    : file_(std::move(file)), name_(std::move(name)), handle_(std::move(handle)) {}

void Hdf5Dataset::fail(const std::string& what, const std::string& value) const {
  throw DataError(file_, format("dataset {} {}", name_, what), value);
}

void Hdf5Dataset::find_number(std::initializer_list<Hdf5Number> allowed) {
  const Hdf5Handle type(H5Dget_type(handle_.get()), H5Tclose);
  std::string names;
  for (const Hdf5Number number : allowed) {
    number_ = number;
    if (type && H5Tequal(type.get(), type_of(number).type()) > 0) return;
    names += (names.empty() ? "" : " or ") + std::string(type_of(number).name);
  }
  fail(format("must hold {}, little-endian", names));
}

void Hdf5Dataset::find_shape() {
  const Hdf5Handle space(H5Dget_space(handle_.get()), H5Sclose);
  const int rank = space ? H5Sget_simple_extent_ndims(space.get()) : -1;
  if (rank < 1) fail("is no array", hdf5_message());
  std::vector<hsize_t> sizes(static_cast<size_t>(rank));
  if (H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr) < 0) fail("has no shape", hdf5_message());
  num_elements_ = 1;
  int64_t bytes = type_of(number_).bytes;
  for (const hsize_t size : sizes) {
    if (size > std::numeric_limits<uint32_t>::max() || !multiply(static_cast<int64_t>(size), bytes))
      fail("is too large", glid::format("[{}]", fmt::join(sizes, ", ")));
    num_elements_ *= static_cast<int64_t>(size);
    shape_.push_back(static_cast<int64_t>(size));
  }
}

void Hdf5Dataset::find_storage(std::string_view file_bytes) {
  const Hdf5Handle properties(H5Dget_create_plist(handle_.get()), H5Pclose);
  if (!properties) fail("is damaged", hdf5_message());
  const H5D_layout_t layout = H5Pget_layout(properties.get());
  if (layout == H5D_CHUNKED) {
    find_chunks(properties.get());
    find_filters(properties.get());
  } else if (layout == H5D_CONTIGUOUS && H5Pget_external_count(properties.get()) == 0) {
    find_stored(file_bytes);
  } else {
    fail("must be stored in one piece or in deflated chunks, within the file");
  }
}

void Hdf5Dataset::find_stored(std::string_view file_bytes) {
  const auto bytes = static_cast<size_t>(num_elements_ * type_of(number_).bytes);
  if (bytes == 0) return;
  const haddr_t begin = H5Dget_offset(handle_.get());
  if (begin > file_bytes.size() || bytes > file_bytes.size() - begin)
    fail("is not within the file", format("{} bytes", bytes));
  stored_ = file_bytes.substr(begin, bytes);
}

void Hdf5Dataset::find_chunks(hid_t properties) {
  std::array<hsize_t, H5S_MAX_RANK> sizes{};
  const int rank = H5Pget_chunk(properties, static_cast<int>(sizes.size()), sizes.data());
  if (rank != static_cast<int>(shape_.size())) fail("has chunks of another rank", std::to_string(rank));
  int64_t bytes = type_of(number_).bytes;
  for (int d = 0; d < rank; ++d) {
    const auto size = static_cast<int64_t>(sizes[static_cast<size_t>(d)]);
    if (size < 1 || !multiply(size, bytes) || bytes > kMaxHdf5ChunkBytes)
      fail(format("must have chunks of 1 to {} bytes", kMaxHdf5ChunkBytes));
    chunk_shape_.push_back(size);
  }
  chunk_bytes_ = static_cast<size_t>(bytes);
}

// H5Dread_chunk trusts another size in the file where there is no filter.
void Hdf5Dataset::find_filters(hid_t properties) {
  const int num_filters = H5Pget_nfilters(properties);
  is_shuffled_ = num_filters == 2;
  bool fits = num_filters == 1 || num_filters == 2;
  for (int i = 0; fits && i < num_filters; ++i) {
    unsigned flags = 0, element_bytes = 0;
    size_t num_values = 1;
    const H5Z_filter_t filter =
        H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &num_values, &element_bytes, 0, nullptr, nullptr);
    if (i == num_filters - 1) fits = filter == H5Z_FILTER_DEFLATE;
    else fits = filter == H5Z_FILTER_SHUFFLE && num_values >= 1 && element_bytes == type_of(number_).bytes;
  }
  if (!fits) fail("must have chunks that are deflated, or shuffled and deflated");
}

void Hdf5Dataset::read_bytes(int64_t first, int64_t count, size_t element_bytes, std::byte* to) const {
  const auto expected_bytes = static_cast<size_t>(type_of(number_).bytes);
  if (element_bytes != expected_bytes || first < 0 || count < 0 || first > shape_[0] - count)
    throw std::invalid_argument(format("elements {} to {} of {} bytes", first, first + count, element_bytes));
  if (num_elements_ == 0 || count == 0) return;
  Region region{Index(shape_.size(), 0), shape_};
  region.begin[0] = first;
  region.end[0] = first + count;
  if (chunk_shape_.empty()) {
    const size_t bytes = stored_.size() / static_cast<size_t>(shape_[0]);
    std::memcpy(to, stored_.data() + static_cast<size_t>(first) * bytes, static_cast<size_t>(count) * bytes);
    return;
  }
  Index begin(shape_.size(), 0);
  begin[0] = first / chunk_shape_[0] * chunk_shape_[0];
  Index origin = begin;
  do copy_chunk(chunk_at(origin), origin, region, to);
  while (advance(origin, begin, region.end, chunk_shape_));
}

// HDF5 1.10 reports a chunk that was never written as an error, later ones as one of no bytes.
std::string Hdf5Dataset::packed_chunk(const Index& origin, uint32_t& skipped_filters) const {
  const Turn turn;
  const std::vector<hsize_t> offset(origin.begin(), origin.end());
  hsize_t bytes = 0;
  if (H5Dget_chunk_storage_size(handle_.get(), offset.data(), &bytes) < 0 || bytes == 0)
    fail("lacks a chunk or is damaged", hdf5_message());
  if (bytes > compressBound(chunk_bytes_)) fail("is damaged: a chunk of too many bytes", std::to_string(bytes));
  std::string packed(bytes, '\0');
  if (H5Dread_chunk(handle_.get(), H5P_DEFAULT, offset.data(), &skipped_filters, packed.data()) < 0)
    fail("can't be read", hdf5_message());
  return packed;
}

// A writer skips filters that don't make a chunk smaller.
std::string Hdf5Dataset::chunk_at(const Index& origin) const {
  uint32_t skipped_filters = 0;
  std::string bytes = packed_chunk(origin, skipped_filters);
  const uint32_t deflate_bit = is_shuffled_ ? 2 : 1;
  if (!(skipped_filters & deflate_bit)) {
    std::string inflated(chunk_bytes_, '\0');
    uLongf size = chunk_bytes_;
    const int status = uncompress(reinterpret_cast<Bytef*>(inflated.data()), &size,
                                  reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
    if (status != Z_OK) fail("is damaged: a chunk can't be inflated", zError(status));
    inflated.resize(size);
    bytes.swap(inflated);
  }
  if (bytes.size() != chunk_bytes_)
    fail(format("is damaged: a chunk must have {} bytes", chunk_bytes_), format("{}", bytes.size()));
  return is_shuffled_ && !(skipped_filters & 1) ? unshuffled(bytes, static_cast<size_t>(type_of(number_).bytes)) : bytes;
}

// The part of a chunk that lies in `region`; it isn't empty.
void Hdf5Dataset::copy_chunk(const std::string& chunk, const Index& origin, const Region& region, std::byte* to) const {
  const auto element_bytes = static_cast<size_t>(type_of(number_).bytes);
  Index begin(origin.size()), end(origin.size()), shape(origin.size()), step(origin.size(), 1);
  for (size_t d = 0; d < origin.size(); ++d) {
    begin[d] = std::max(origin[d], region.begin[d]);
    end[d] = std::min(origin[d] + chunk_shape_[d], region.end[d]);
    shape[d] = region.end[d] - region.begin[d];
  }
  step.back() = end.back() - begin.back();
  Index at = begin;
  do {
    const auto from_place = static_cast<size_t>(place_of(at, origin, chunk_shape_)) * element_bytes;
    const auto to_place = static_cast<size_t>(place_of(at, region.begin, shape)) * element_bytes;
    std::memcpy(to + to_place, chunk.data() + from_place, static_cast<size_t>(step.back()) * element_bytes);
  } while (advance(at, begin, end, step));
}

Hdf5File::Hdf5File(const std::filesystem::path& file) : name_(file.string()), bytes_(file) {
  const Turn turn;
  handle_ = Hdf5Handle(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!handle_) throw DataError(name_, "is not an HDF5 file or is damaged", hdf5_message());
}

Hdf5Dataset Hdf5File::dataset(const std::string& name, std::initializer_list<Hdf5Number> allowed) const {
  const Turn turn;
  Hdf5Handle handle(H5Dopen2(handle_.get(), name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!handle) throw DataError(name_, format("has no dataset {}", name), hdf5_message());
  return described(std::move(handle), name, allowed);
}

Hdf5Dataset Hdf5File::dataset_at(uint64_t reference, const std::string& name,
                                 std::initializer_list<Hdf5Number> allowed) const {
  static_assert(sizeof(hobj_ref_t) == sizeof(uint64_t));
  const Turn turn;
  Hdf5Handle handle(H5Rdereference2(handle_.get(), H5P_DEFAULT, H5R_OBJECT, &reference), H5Oclose);
  if (!handle || H5Iget_type(handle.get()) != H5I_DATASET)
    throw DataError(name_, format("has no dataset {}", name), hdf5_message());
  return described(std::move(handle), name, allowed);
}

Hdf5Dataset Hdf5File::described(Hdf5Handle handle, const std::string& name,
                                std::initializer_list<Hdf5Number> allowed) const {
  Hdf5Dataset dataset(name_, name, std::move(handle));
  dataset.find_number(allowed);
  dataset.find_shape();
  dataset.find_storage(bytes_.text());
  return dataset;
}

}  // namespace glid
