#include "zip_records.h"

#include <minizip/unzip.h>

#include <algorithm>
#include <memory>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

constexpr uint64_t kMaxRecords = 1'000'000;
constexpr uLong kMaxNameBytes = 4096;
constexpr uLong kEncrypted = 1;

class ZipReader {
 public:
  ZipReader(const std::filesystem::path& file, uint64_t file_bytes)
      : where_(file.string()), file_bytes_(file_bytes), zip_(unzOpen64(file.c_str()), unzClose) {
    if (!zip_) fail("is a zip file that is truncated or damaged: its directory is missing");
  }

  std::vector<ZipRecord> read() {
    unz_global_info64 info{};
    if (unzGetGlobalInfo64(zip_.get(), &info) != UNZ_OK) fail_damaged();
    if (info.number_entry > kMaxRecords)
      fail("is a zip file of too many records, or damaged", std::to_string(info.number_entry));
    std::vector<ZipRecord> records;
    for (uint64_t i = 0; i < info.number_entry; ++i) {
      if ((i == 0 ? unzGoToFirstFile(zip_.get()) : unzGoToNextFile(zip_.get())) != UNZ_OK) fail_damaged();
      ZipRecord record = read_record();
      if (!record.name.ends_with('/')) records.push_back(std::move(record));
    }
    check_places(records);
    return records;
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& value = {}, const std::string& hint = {}) const {
    throw DataError(where_, what, value, hint);
  }

  [[noreturn]] void fail_damaged() const { fail("is a zip file that is damaged: its directory can't be read"); }

  ZipRecord read_record() {
    unz_file_info64 info{};
    if (unzGetCurrentFileInfo64(zip_.get(), &info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK) fail_damaged();
    if (info.size_filename > kMaxNameBytes) fail("is a zip file that is damaged: a record with too long a name");
    ZipRecord record{.name = std::string(info.size_filename, '\0'), .size = info.uncompressed_size};
    if (unzGetCurrentFileInfo64(zip_.get(), &info, record.name.data(), info.size_filename, nullptr, 0, nullptr, 0) != UNZ_OK)
      fail_damaged();
    check_stored(info, record.name);
    record.begin = place();
    return record;
  }

  void check_stored(const unz_file_info64& info, const std::string& name) const {
    if (info.flag & kEncrypted) fail(format("is a zip file with an encrypted record, {}", name));
    if (info.compression_method != 0)
      fail(format("is a zip file with a compressed record, {}", name), {},
           "PyTorch stores them as they are: the file was packed again; unpack it");
    if (info.compressed_size != info.uncompressed_size) fail_damaged();
  }

  // Of the current record's data. Opened raw, nothing of them is read.
  uint64_t place() {
    int method = 0, level = 0;
    if (unzOpenCurrentFile2(zip_.get(), &method, &level, 1) != UNZ_OK) fail_damaged();
    const uint64_t begin = unzGetCurrentFileZStreamPos64(zip_.get());
    unzCloseCurrentFile(zip_.get());
    return begin;
  }

  void check_places(const std::vector<ZipRecord>& records) const {
    std::vector<std::pair<uint64_t, uint64_t>> places;
    for (const ZipRecord& record : records) places.emplace_back(record.begin, record.size);
    std::sort(places.begin(), places.end());
    uint64_t end = 0;
    for (const auto& [begin, size] : places) {
      if (begin < end) fail("is a zip file that is damaged: records overlap", format("at {}", begin));
      if (begin > file_bytes_ || size > file_bytes_ - begin)
        fail("is a zip file that is truncated or damaged: a record doesn't fit", format("{} bytes at {}", size, begin));
      end = begin + size;
    }
  }

  std::string where_;
  uint64_t file_bytes_;
  std::unique_ptr<void, int (*)(unzFile)> zip_;
};

}  // namespace

std::vector<ZipRecord> read_zip_records(const std::filesystem::path& file, uint64_t file_bytes) {
  return ZipReader(file, file_bytes).read();
}

}  // namespace glid
