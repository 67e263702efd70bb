// Pickles, zip files and PyTorch's files put together byte by byte, so that they can be wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace glid {

// The lowest bytes of a number, the lowest first.
inline std::string little_endian(uint64_t value, int num_bytes) {
  std::string bytes;
  for (int i = 0; i < num_bytes; ++i) bytes += static_cast<char>(value >> 8 * i);
  return bytes;
}

// Parts of a pickle of protocol 2.
inline std::string pickled(const std::string& program) { return "\x80\x02" + program + "."; }
inline std::string pickled_text(std::string_view text) { return "X" + little_endian(text.size(), 4) + std::string(text); }
inline std::string pickled_int(int64_t value) { return "\x8a\x08" + little_endian(static_cast<uint64_t>(value), 8); }
inline std::string pickled_ints(const std::vector<int64_t>& values) {
  std::string program = "(";
  for (const int64_t value : values) program += pickled_int(value);
  return program + "t";
}

struct RawTensor {
  std::vector<int64_t> shape{2}, strides{1};
  int64_t offset = 0;
  int64_t num_elements = 4;  // of the storage
  std::string storage = "FloatStorage";
  std::string key = "0";
  std::string part = "";  // of the storage, in the older form
};

inline std::string pickled_storage(const RawTensor& tensor) {
  return "(" + pickled_text("storage") + "ctorch\n" + tensor.storage + "\n" + pickled_text(tensor.key) +
         pickled_text("cpu") + pickled_int(tensor.num_elements) + tensor.part + "tQ";
}

// What its function is called with.
inline std::string pickled_tensor_arguments(const RawTensor& tensor) {
  return "(" + pickled_storage(tensor) + pickled_int(tensor.offset) + pickled_ints(tensor.shape) +
         pickled_ints(tensor.strides) + "\x89Nt";
}

inline std::string pickled_tensor(const RawTensor& tensor) {
  return "ctorch._utils\n_rebuild_tensor_v2\n" + pickled_tensor_arguments(tensor) + "R";
}

// {"a": value}
inline std::string pickled_dict(const std::string& value) { return pickled("}" + pickled_text("a") + value + "s"); }

struct RawRecord {
  std::string name, data;
  uint64_t method = 0;       // 0: stored
  uint64_t flags = 0;        // 1: encrypted
  int64_t begin_from = -1;   // the record whose place the directory gives to it
  uint64_t claimed = ~0ull;  // bytes that the directory gives it
  int64_t unpacked = -1;     // its size without compression, where the directory gives another one
  bool is_large = false;     // sizes and place have 64 bits
};

// The numbers of 64 bits of a record's size and place.
inline std::string zip_extra(uint64_t size, uint64_t begin) {
  return little_endian(0x7777, 2) + little_endian(1, 2) + "x" + little_endian(1, 2) + little_endian(24, 2) +
         little_endian(size, 8) + little_endian(size, 8) + little_endian(begin, 8);
}

inline std::string raw_zip(const std::vector<RawRecord>& records) {
  std::string file, directory;
  std::vector<uint64_t> begins;
  for (const RawRecord& record : records) {
    const uint64_t size = record.claimed == ~0ull ? record.data.size() : record.claimed;
    begins.push_back(file.size());
    const uint64_t begin = begins[record.begin_from < 0 ? begins.size() - 1 : static_cast<size_t>(record.begin_from)];
    const std::string extra = record.is_large ? zip_extra(size, begin) : "";
    const uint64_t shown_size = record.is_large ? 0xFFFFFFFF : size;
    const uint64_t unpacked = record.unpacked < 0 ? shown_size : static_cast<uint64_t>(record.unpacked);
    const std::string common = little_endian(20, 2) + little_endian(record.flags, 2) + little_endian(record.method, 2) +
                               little_endian(0, 8) + little_endian(shown_size, 4) + little_endian(unpacked, 4) +
                               little_endian(record.name.size(), 2);
    file += "PK\3\4" + common + little_endian(0, 2) + record.name + record.data;
    directory += "PK\1\2" + little_endian(20, 2) + common + little_endian(extra.size(), 2) + little_endian(0, 10) +
                 little_endian(record.is_large ? 0xFFFFFFFF : begin, 4) + record.name + extra;
  }
  return file + directory + "PK\5\6" + little_endian(0, 4) + little_endian(records.size(), 2) +
         little_endian(records.size(), 2) + little_endian(directory.size(), 4) + little_endian(file.size(), 4) +
         little_endian(0, 2);
}

inline std::string raw_torch_zip(const std::string& pickle, const std::string& storage = std::string(16, 'x')) {
  return raw_zip({{.name = "x/data.pkl", .data = pickle}, {.name = "x/data/0", .data = storage}});
}

struct RawPickles {
  int64_t protocol = 1001;
  std::string system = "}" + pickled_text("little_endian") + "\x88s";
  std::string object;  // a pickle
  std::string keys = "]" + pickled_text("0") + "a";
  std::string storages;  // each has its count before it
};

// The older form.
inline std::string raw_torch_pickles(const RawPickles& file) {
  const std::string magic = pickled(std::string("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12));
  return magic + pickled(pickled_int(file.protocol)) + pickled(file.system) + file.object + pickled(file.keys) +
         file.storages;
}

}  // namespace glid
