#include "glid/formats/tar.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "glid/core/disk_error.h"
#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

// The fields of a header.
struct HeaderField {
  size_t begin, size;
};
constexpr HeaderField kName{0, 100}, kMode{100, 8}, kUser{108, 8}, kGroup{116, 8}, kSize{124, 12}, kTime{136, 12},
    kChecksum{148, 8}, kType{156, 1}, kMagic{257, 6}, kVersion{263, 2}, kPrefix{345, 155};

constexpr uint64_t kLongestExtension = 1 << 20;  // of names and pax records

std::string_view field(std::string_view block, const HeaderField& f) { return block.substr(f.begin, f.size); }

std::string_view text(std::string_view block, const HeaderField& f) {
  const std::string_view bytes = field(block, f);
  return bytes.substr(0, bytes.find('\0'));
}

// Octal digits between blanks and zero bytes, or base-256 where the first bit is set.
std::optional<uint64_t> number(std::string_view block, const HeaderField& f) {
  std::string_view bytes = field(block, f);
  uint64_t value = 0;
  if (static_cast<unsigned char>(bytes[0]) == 0x80) {
    for (const unsigned char byte : bytes.substr(1)) {
      if (value >> 55) return std::nullopt;
      value = value << 8 | byte;
    }
    return value;
  }
  bytes.remove_prefix(std::min(bytes.find_first_not_of(' '), bytes.size()));
  bytes = bytes.substr(0, bytes.find_first_of(std::string_view(" \0", 2)));
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), value, 8);
  if (!bytes.empty() && (error != std::errc() || end != bytes.data() + bytes.size())) return std::nullopt;
  return value;
}

// Of all bytes, those of the checksum itself counted as blanks.
uint64_t checksum(std::string_view block) {
  uint64_t sum = 8 * ' ';
  for (size_t i = 0; i < block.size(); ++i)
    if (i < kChecksum.begin || i >= kChecksum.begin + kChecksum.size) sum += static_cast<unsigned char>(block[i]);
  return sum;
}

bool is_header(std::string_view block) { return number(block, kChecksum) == checksum(block); }

bool is_regular(char type) { return type == '0' || type == '\0' || type == '7'; }

bool is_empty(std::string_view block) {
  return std::ranges::all_of(block, [](char byte) { return byte == '\0'; });
}

// At least `size`, whatever an archive claims.
uint64_t whole_blocks(uint64_t size) {
  return std::max(size, (size + kTarBlockBytes - 1) / kTarBlockBytes * kTarBlockBytes);
}

class TarReader {
 public:
  TarReader(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  // False at the mark of the end.
  bool next(TarMember& member) {
    while (true) {
      const std::string_view block = take(kTarBlockBytes, "the end of the archive");
      if (is_empty(block)) return false;
      require_header(block);
      const char type = block[kType.begin];
      const uint64_t size = pax_size_.value_or(size_of(block));
      if (type == 'x' || type == 'L') {
        take_extension(type, size_of(block));
      } else if (is_regular(type)) {
        member = {name_of(block), at_, size};
        take(whole_blocks(size), member.name);
        forget();
        return true;
      } else {
        const bool has_content = type != '1' && type != '2' && type != '3' && type != '4' && type != '5' && type != '6';
        if (has_content) take(whole_blocks(size), "a member");
        if (type != 'K' && type != 'g') forget();
      }
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& value = {}, const std::string& hint = {}) const {
    throw DataError(where_, what, value, hint);
  }

  std::string_view take(uint64_t size, std::string_view what) {
    if (size > bytes_.size() - at_)
      fail(format("was cut: it ends before {}", what), format("{} bytes", bytes_.size()), "copy or make it again");
    const std::string_view taken = bytes_.substr(at_, size);
    at_ += size;
    return taken;
  }

  void require_header(std::string_view block) const {
    if (is_header(block)) return;
    if (at_ > kTarBlockBytes) fail("is damaged: no header of a member", format("at byte {}", at_ - kTarBlockBytes));
    const bool is_gzip = block.starts_with("\x1F\x8B"), is_zstd = block.starts_with("\x28\xB5\x2F\xFD");
    fail("is not a tar archive", {}, is_gzip || is_zstd ? "it is compressed: unpack it to a plain .tar" : "");
  }

  uint64_t size_of(std::string_view block) const {
    const auto size = number(block, kSize);
    if (!size) fail("is damaged: a member without a size", format("at byte {}", at_ - kTarBlockBytes));
    return *size;
  }

  std::string name_of(std::string_view block) const {
    if (long_name_) return *long_name_;
    const bool has_prefix = field(block, kMagic) == std::string_view("ustar\0", 6) && block[kPrefix.begin] != '\0';
    return has_prefix ? format("{}/{}", text(block, kPrefix), text(block, kName)) : std::string(text(block, kName));
  }

  void take_extension(char type, uint64_t size) {
    if (size > kLongestExtension) fail("is damaged: a name that is too long", format("{} bytes", size));
    const std::string_view content = take(whole_blocks(size), "a name").substr(0, size);
    if (type == 'L') long_name_ = content.substr(0, content.find('\0'));
    else take_pax_records(content);
  }

  // "LENGTH KEY=VALUE\n", the length that of all of it.
  void take_pax_records(std::string_view records) {
    while (!records.empty()) {
      size_t length = 0;
      const auto [end, error] = std::from_chars(records.data(), records.data() + records.size(), length);
      const size_t digits = static_cast<size_t>(end - records.data());
      const size_t equals = records.find('=');
      if (error != std::errc() || length > records.size() || length < digits + 3 || equals >= length ||
          records[digits] != ' ' || records[length - 1] != '\n')
        fail("is damaged: a pax record", format("at byte {}", at_ - records.size()));
      take_pax_record(records.substr(digits + 1, equals - digits - 1), records.substr(equals + 1, length - equals - 2));
      records.remove_prefix(length);
    }
  }

  void take_pax_record(std::string_view key, std::string_view value) {
    if (key == "path") long_name_ = value;
    if (key != "size") return;
    uint64_t size = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (error != std::errc() || end != value.data() + value.size()) fail("is damaged: a pax size", std::string(value));
    pax_size_ = size;
  }

  void forget() {
    long_name_.reset();
    pax_size_.reset();
  }

  std::string_view bytes_;
  const std::string& where_;
  uint64_t at_ = 0;
  std::optional<std::string> long_name_;
  std::optional<uint64_t> pax_size_;
};

void put(std::string& block, const HeaderField& f, std::string_view value) {
  std::ranges::copy(value, block.begin() + static_cast<std::ptrdiff_t>(f.begin));
}

void put_octal(std::string& block, const HeaderField& f, uint64_t value) {
  put(block, f, format("{:0{}o}", value, f.size - 1));
}

std::string pax_record(std::string_view key, std::string_view value) {
  const size_t rest = key.size() + value.size() + 3;
  size_t length = rest;
  while (std::to_string(length).size() + rest != length) length = std::to_string(length).size() + rest;
  return format("{} {}={}\n", length, key, value);
}

// Where a name is parted into prefix and name; nothing where it doesn't fit.
std::optional<size_t> parting(std::string_view name) {
  if (name.size() <= kName.size) return 0;
  const size_t slash = name.rfind('/', kPrefix.size);
  const bool fits =
      slash != std::string_view::npos && slash > 0 && name.size() - slash - 1 <= kName.size && slash + 1 < name.size();
  return fits ? std::optional(slash) : std::nullopt;
}

}  // namespace

void read_tar(std::string_view bytes, const std::string& where, const std::function<void(const TarMember&)>& see) {
  TarReader reader(bytes, where);
  for (TarMember member; reader.next(member);) see(member);
}

bool is_tar_header(std::string_view block, uint64_t size) {
  return block.size() == kTarBlockBytes && is_header(block) && is_regular(block[kType.begin]) &&
         number(block, kSize) == size;
}

TarWriter::TarWriter(const std::filesystem::path& file) : file_(file), out_(file, std::ios::binary | std::ios::trunc) {
  if (!out_) throw_disk_error(file_, "can't be written");
}

void TarWriter::add(const std::string& name, std::string_view content) {
  if (!parting(name)) {
    const std::string record = pax_record("path", name);
    add_header("pax", record.size(), 'x');
    add_content(record);
  }
  add_header(parting(name) ? std::string_view(name) : std::string_view(name).substr(0, kName.size), content.size(), '0');
  add_content(content);
}

void TarWriter::finish() {
  write(std::string(2 * kTarBlockBytes, '\0'));
  out_.close();
  if (!out_) throw_disk_error(file_, "can't be written");
}

void TarWriter::write(std::string_view bytes) {
  if (!out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) throw_disk_error(file_, "can't be written");
}

void TarWriter::add_header(std::string_view name, uint64_t size, char type) {
  std::string block(kTarBlockBytes, '\0');
  const size_t slash = *parting(name);
  put(block, kName, slash > 0 ? name.substr(slash + 1) : name);
  if (slash > 0) put(block, kPrefix, name.substr(0, slash));
  put_octal(block, kMode, 0644);
  for (const HeaderField& zero : {kUser, kGroup, kTime}) put_octal(block, zero, 0);
  put_octal(block, kSize, size);
  block[kType.begin] = type;
  put(block, kMagic, "ustar");
  put(block, kVersion, "00");
  put(block, kChecksum, format("{:06o}", checksum(block)) + std::string("\0 ", 2));
  write(block);
}

void TarWriter::add_content(std::string_view content) {
  write(content);
  write(std::string(whole_blocks(content.size()) - content.size(), '\0'));
}

}  // namespace glid
