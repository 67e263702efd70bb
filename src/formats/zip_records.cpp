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
constexpr uint64_t kEndBytes = 22;  // of the record at the file's end, without its comment

class ZipReader {
 public:
  ZipReader(const std::filesystem::path& file, std::string_view bytes)
      : where_(file.string()), bytes_(bytes), zip_(unzOpen64(file.c_str()), unzClose) {
    if (!zip_) fail_cut();
  }

  std::vector<ZipRecord> read() {
    unz_global_info64 info{};
    if (unzGetGlobalInfo64(zip_.get(), &info) != UNZ_OK) fail_damaged();
    check_end(info.size_comment);
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
  [[noreturn]] void fail(const std::string& what, const std::string& value = {}) const {
    throw DataError(where_, what, value);
  }

  [[noreturn]] void fail_cut() const { fail("is a zip file that is truncated or damaged: its directory is missing"); }

  [[noreturn]] void fail_damaged() const { fail("is a zip file that is damaged: its directory can't be read"); }

  // minizip is content with the beginning of the last record.
  void check_end(uint64_t comment_bytes) const {
    const uint64_t size = kEndBytes + comment_bytes;
    if (bytes_.size() < size || !bytes_.substr(bytes_.size() - size).starts_with("PK\5\6")) fail_cut();
  }

  ZipRecord read_record() {
    unz_file_info64 info{};
    if (unzGetCurrentFileInfo64(zip_.get(), &info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK) fail_damaged();
    if (info.size_filename > kMaxNameBytes) fail("is a zip file that is damaged: a record with too long a name");
    ZipRecord record{.name = std::string(info.size_filename, '\0'), .size = info.compressed_size};
    if (unzGetCurrentFileInfo64(zip_.get(), &info, record.name.data(), info.size_filename, nullptr, 0, nullptr, 0) != UNZ_OK)
      fail_damaged();
    record.is_plain = info.compression_method == 0 && !(info.flag & kEncrypted);
    if (record.is_plain && info.compressed_size != info.uncompressed_size) fail_damaged();
    record.begin = place();
    return record;
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
      if (begin > bytes_.size() || size > bytes_.size() - begin)
        fail("is a zip file that is truncated or damaged: a record doesn't fit", format("{} bytes at {}", size, begin));
      end = begin + size;
    }
  }

  std::string where_;
  std::string_view bytes_;
  std::unique_ptr<void, int (*)(unzFile)> zip_;
};

}  // namespace

std::vector<ZipRecord> read_zip_records(const std::filesystem::path& file, std::string_view bytes) {
  return ZipReader(file, bytes).read();
}

}  // namespace glid
