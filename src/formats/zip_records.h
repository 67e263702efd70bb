// The files inside a zip file by their places.
#pragma once

#include <cstdint>
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

// In the order of the directory at the file's end. `bytes` are the whole file. Throws DataError naming `where` when it is
// truncated or damaged, or records overlap.
//
// Zip64 is read. (minizip of Debian 12 finds no record that begins behind 4 GB or has more; libzip doesn't say where one
// lies.)
std::vector<ZipRecord> read_zip_records(std::string_view bytes, const std::string& where);

}  // namespace glid
