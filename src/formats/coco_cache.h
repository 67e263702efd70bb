// The index of a COCO ground truth kept as a file: a header, then the tables, ready to be mapped.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "coco_tables.h"

namespace glid {

constexpr size_t kNumCocoTables = 13;

// Little-endian, as everything behind it. The tables follow in for_each_table()'s order, each padded to 8 bytes.
struct CocoCacheHeader {
  std::array<char, 8> magic;
  uint32_t version;
  uint32_t header_crc;  // CRC-32C of this header with 0 here
  uint64_t source_bytes;
  int64_t source_time_ns;  // last change
  uint32_t source_crc;     // CRC-32C of the JSON file
  uint32_t tables_crc;     // CRC-32C of everything behind the header
  std::array<uint64_t, kNumCocoTables> num_rows;
  CocoNotes notes;
};

// Of a ground truth, from its cache where that is valid; otherwise parsed, and the cache written.
std::shared_ptr<const CocoTables> open_coco_tables(const std::filesystem::path& file);

// Where the cache of a file may lie, the preferred place first.
std::vector<std::filesystem::path> coco_cache_places(const std::filesystem::path& file);

// `header` with its own checksum.
CocoCacheHeader sealed(CocoCacheHeader header);

}  // namespace glid
