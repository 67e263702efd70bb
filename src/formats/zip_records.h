// The files inside a zip file by their places.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

struct ZipRecord {
  std::string name;
  uint64_t begin = 0;    // of its data
  uint64_t size = 0;     // as they lie in the file
  bool is_plain = true;  // neither compressed nor encrypted
};

// In the order of the directory at the file's end; folders are left out. `bytes` are the file's. Throws DataError naming the
// file when it is truncated or damaged, or records overlap.
std::vector<ZipRecord> read_zip_records(const std::filesystem::path& file, std::string_view bytes);

}  // namespace glid
