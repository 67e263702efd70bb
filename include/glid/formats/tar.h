// Tar archives, by the places of their members: ustar with pax headers (POSIX.1-2017, "pax Interchange Format") and GNU
// tar's long names and base-256 sizes (GNU tar manual, "Basic Tar Format"). A reader of our own, as libarchive reads
// streams: it doesn't tell where the content of a member begins.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

namespace glid {

inline constexpr uint64_t kTarBlockBytes = 512;  // of a header, which stands right before its content

struct TarMember {
  std::string name;
  uint64_t offset = 0;  // of its content
  uint64_t size = 0;
};

// Calls `see` for every regular file in order; folders, links and devices are passed over. Throws DataError naming `where`
// for what is no tar archive, is damaged, or ends before its end is marked.
void read_tar(std::string_view bytes, const std::string& where, const std::function<void(const TarMember&)>& see);

// Whether `block` is the header of a regular file of `size` bytes.
bool is_tar_header(std::string_view block, uint64_t size);

// Writes an archive, the same bytes for the same members: no owner, no times.
class TarWriter {
 public:
  // Throws Error (kInternal) here and below when the disk refuses.
  explicit TarWriter(const std::filesystem::path& file);
  // `name` of any length: a pax header where ustar has no room.
  void add(const std::string& name, std::string_view content);
  void finish();

 private:
  void write(std::string_view bytes);
  void add_header(std::string_view name, uint64_t size, char type);
  void add_content(std::string_view content);

  std::filesystem::path file_;
  std::ofstream out_;
};

}  // namespace glid
