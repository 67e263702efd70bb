#include "zip_records.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

static_assert(std::endian::native == std::endian::little, "the numbers are little-endian");

// APPNOTE.TXT of PKWARE, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16; the fields we don't need stand between.
constexpr uint64_t kLocalBytes = 30, kEntryBytes = 46, kEndBytes = 22, kLocatorBytes = 20, kEnd64Bytes = 56;
constexpr uint64_t kElsewhere = 0xFFFFFFFF;  // the number stands in the entry's extra field
constexpr uint16_t kExtra64 = 1;
constexpr uint16_t kEncrypted = 1;

template <typename T>
T number_at(std::string_view bytes, size_t place) {
  T value;
  std::memcpy(&value, bytes.data() + place, sizeof value);
  return value;
}

class ZipReader {
 public:
  ZipReader(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  std::vector<ZipRecord> read() {
    find_directory();
    std::vector<ZipRecord> records;
    for (uint64_t i = 0; i < num_entries_; ++i) records.push_back(take_entry());
    check_places(records);
    return records;
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& value = {}) const {
    throw DataError(where_, "is a zip file that is truncated or damaged: " + what, value);
  }

  std::string_view part(uint64_t begin, uint64_t size) const {
    if (begin > bytes_.size() || size > bytes_.size() - begin)
      fail("a part doesn't fit", format("{} bytes at {}", size, begin));
    return bytes_.substr(begin, size);
  }

  // The file ends with a record, as PyTorch writes no comment behind it. One of many records or bytes has a longer record
  // before, and a third one that says where.
  void find_directory() {
    const uint64_t place = bytes_.size() - std::min<uint64_t>(bytes_.size(), kEndBytes);
    const std::string_view end = part(place, kEndBytes);
    if (!end.starts_with("PK\5\6")) fail("its directory is missing");
    num_entries_ = number_at<uint16_t>(end, 10);
    uint64_t size = number_at<uint32_t>(end, 12), begin = number_at<uint32_t>(end, 16);
    if (place >= kLocatorBytes && part(place - kLocatorBytes, 4) == "PK\6\7") {
      const auto end64 = part(number_at<uint64_t>(part(place - kLocatorBytes, kLocatorBytes), 8), kEnd64Bytes);
      if (!end64.starts_with("PK\6\6")) fail("its directory is missing");
      num_entries_ = number_at<uint64_t>(end64, 32);
      size = number_at<uint64_t>(end64, 40);
      begin = number_at<uint64_t>(end64, 48);
    }
    directory_ = part(begin, size);
    if (num_entries_ > size / kEntryBytes) fail("its directory is too short", format("{} records", num_entries_));
  }

  std::string_view take(uint64_t size) {
    if (size > directory_.size()) fail("its directory is too short");
    const std::string_view taken = directory_.substr(0, size);
    directory_.remove_prefix(size);
    return taken;
  }

  ZipRecord take_entry() {
    const std::string_view entry = take(kEntryBytes);
    if (!entry.starts_with("PK\1\2")) fail("its directory can't be read");
    ZipRecord record{.name = std::string(take(number_at<uint16_t>(entry, 28)))};
    const std::string_view extra = take(number_at<uint16_t>(entry, 30));
    take(number_at<uint16_t>(entry, 32));
    uint64_t unpacked = number_at<uint32_t>(entry, 24), header = number_at<uint32_t>(entry, 42);
    record.size = number_at<uint32_t>(entry, 20);
    read_extra(extra, {&unpacked, &record.size, &header});
    record.is_plain = number_at<uint16_t>(entry, 10) == 0 && !(number_at<uint16_t>(entry, 8) & kEncrypted);
    if (record.is_plain && unpacked != record.size) fail(format("{} has two sizes", record.name));
    record.begin = data_place(header);
    part(record.begin, record.size);
    return record;
  }

  // Fields of a tag, a size and data; that of the tag 1 has the numbers that 32 bits don't hold, and no others.
  void read_extra(std::string_view extra, std::initializer_list<uint64_t*> numbers) const {
    while (extra.size() >= 4) {
      const size_t size = number_at<uint16_t>(extra, 2);
      std::string_view data = extra.substr(4, size);
      const bool is_wanted = number_at<uint16_t>(extra, 0) == kExtra64;
      extra.remove_prefix(std::min(extra.size(), 4 + size));
      for (uint64_t* number : numbers) {
        if (!is_wanted || *number != kElsewhere || data.size() < sizeof(uint64_t)) continue;
        *number = number_at<uint64_t>(data, 0);
        data.remove_prefix(sizeof(uint64_t));
      }
    }
  }

  // Before its data a record has a header of its own, whose name and extra field may have other sizes.
  uint64_t data_place(uint64_t header) const {
    const std::string_view local = part(header, kLocalBytes);
    if (!local.starts_with("PK\3\4")) fail("a record lacks its header", format("at {}", header));
    return header + kLocalBytes + number_at<uint16_t>(local, 26) + number_at<uint16_t>(local, 28);
  }

  void check_places(const std::vector<ZipRecord>& records) const {
    std::vector<std::pair<uint64_t, uint64_t>> places;
    for (const ZipRecord& record : records) places.emplace_back(record.begin, record.size);
    std::sort(places.begin(), places.end());
    uint64_t end = 0;
    for (const auto& [begin, size] : places) {
      if (begin < end) fail("records overlap", format("at {}", begin));
      end = begin + size;
    }
  }

  std::string_view bytes_;
  const std::string& where_;
  std::string_view directory_;  // what is left of it
  uint64_t num_entries_ = 0;
};

}  // namespace

std::vector<ZipRecord> read_zip_records(std::string_view bytes, const std::string& where) {
  return ZipReader(bytes, where).read();
}

}  // namespace glid
