#include "glid/core/crc32c.h"

#include <array>
#include <cstring>
#include <fstream>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/regular_file.h"

namespace glid {
namespace {

using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables t{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0u);
    t[0][i] = crc;
  }
  for (uint32_t i = 0; i < 256; ++i)
    for (size_t k = 1; k < 8; ++k) t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 0xFF];
  return t;
}

constexpr Tables kTables = make_tables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc32c_by_instruction(const void* data, size_t size, uint32_t crc) {
  auto* bytes = static_cast<const unsigned char*>(data);
  uint64_t state = ~crc;
  for (; size >= 8; size -= 8, bytes += 8) {
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    state = __builtin_ia32_crc32di(state, word);
  }
  auto rest = static_cast<uint32_t>(state);
  for (; size > 0; --size) rest = __builtin_ia32_crc32qi(rest, *bytes++);
  return ~rest;
}

bool machine_has_instruction() { return __builtin_cpu_supports("sse4.2"); }
#else
uint32_t crc32c_by_instruction(const void*, size_t, uint32_t crc) { return crc; }
bool machine_has_instruction() { return false; }
#endif

}  // namespace

uint32_t crc32c_by_table(const void* data, size_t size, uint32_t crc) {
  auto* bytes = static_cast<const unsigned char*>(data);
  crc = ~crc;
  for (; size >= 8; size -= 8, bytes += 8) {  // slicing by eight
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    word ^= crc;
    crc = 0;
    for (size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (; size > 0; --size) crc = (crc >> 8) ^ kTables[0][(crc ^ *bytes++) & 0xFF];
  return ~crc;
}

uint32_t crc32c(const void* data, size_t size, uint32_t crc) {
  static const bool kByInstruction = machine_has_instruction();
  return kByInstruction ? crc32c_by_instruction(data, size, crc) : crc32c_by_table(data, size, crc);
}

uint32_t crc32c_of_file(const std::filesystem::path& file) {
  size_of_regular_file(file);  // or says what it is
  std::ifstream in(file, std::ios::binary);
  if (!in) throw DataError(file.string(), "can't be read");
  std::vector<char> buffer(1 << 20);
  uint32_t crc = 0;
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    crc = crc32c(buffer.data(), static_cast<size_t>(in.gcount()), crc);
  }
  return crc;
}

}  // namespace glid
