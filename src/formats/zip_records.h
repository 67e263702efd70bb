// The files inside a zip file that are stored as they are, by their places.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace glid {

struct ZipRecord {
  std::string name;
  uint64_t begin = 0;  // of its data
  uint64_t size = 0;
};

// In the order of the directory at the file's end; folders are left out. Throws DataError naming the file when it is damaged
// or longer than `file_bytes`, and when a record is compressed, encrypted or overlaps another.
std::vector<ZipRecord> read_zip_records(const std::filesystem::path& file, uint64_t file_bytes);

}  // namespace glid
