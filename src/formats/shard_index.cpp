#include "glid/formats/shard_index.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <unordered_set>

#include "glid/core/crc32c.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/open_file.h"
#include "glid/formats/image_file.h"
#include "glid/formats/tar.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "the numbers are little-endian");

// The file: this, the records, the text of the keys.
struct IndexHeader {
  char magic[8];
  uint64_t shard_bytes;
  uint64_t num_samples;
  uint64_t key_bytes;
  uint32_t shard_crc;  // of its first header
  uint32_t crc;        // of what follows
};
constexpr std::string_view kMagic = "GLIDIDX1";
static_assert(sizeof(IndexHeader) == 40 && sizeof(ShardRecord) == 24);

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

uint32_t crc_of_first_header(std::string_view bytes) {
  return crc32c(bytes.data(), std::min<size_t>(bytes.size(), kTarBlockBytes));
}

// A member's name, parted at the first dot of its last part; none: hidden, or without an extension.
struct Parted {
  std::string_view key, extension;
};
// It or a folder that it is in is; "." and ".." are none.
bool is_hidden(std::string_view name) {
  for (size_t begin = 0;;) {
    const size_t end = name.find('/', begin);
    const std::string_view part = name.substr(begin, end - begin);
    if (part.starts_with('.') && part != "." && part != "..") return true;
    if (end == std::string_view::npos) return false;
    begin = end + 1;
  }
}

std::optional<Parted> parted(std::string_view name) {
  const size_t begin = name.rfind('/') + 1, dot = name.find('.', begin);
  if (dot == std::string_view::npos || is_hidden(name)) return std::nullopt;
  return Parted{name.substr(0, dot), name.substr(dot)};
}

// .seg.png is of something else.
bool is_image(std::string_view extension) {
  return extension.rfind('.') == 0 && has_extension(format("x{}", extension), kImageExtensions);
}

class IndexBuilder {
 public:
  IndexBuilder(std::string_view shard, const std::string& where) : shard_(shard), where_(where) {}

  void add(const TarMember& member) {
    const auto name = parted(member.name);
    if (!name) return;
    if (name->key != key_) begin_sample(name->key);
    if (is_image(name->extension)) set_image(member);
    else if (name->extension == ".cls") record_.label = class_in(member);
  }

  std::string finish() {
    end_sample();
    IndexHeader header{{}, shard_.size(), records_.size() / sizeof(ShardRecord), texts_.size(), crc_of_first_header(shard_),
                       0};
    std::memcpy(header.magic, kMagic.data(), kMagic.size());
    const std::string body = records_ + texts_;
    header.crc = crc32c(body.data(), body.size());
    return std::string(bytes_of(header)) + body;
  }

  const SamplesLeftOut& left_out() const { return left_out_; }

 private:
  void begin_sample(std::string_view key) {
    end_sample();
    key_ = key;
    record_ = {};
    has_image_ = false;
    if (!keys_.emplace(key).second)
      throw DataError(where_, "has two samples of one key", std::string(key), "members of a sample follow each other");
  }

  void end_sample() {
    if (key_.empty()) return;
    if (!has_image_) {
      if (left_out_.samples++ == 0) left_out_.example = key_;
      return;
    }
    texts_ += key_;
    record_.key_end = texts_.size();
    records_ += bytes_of(record_);
  }

  void set_image(const TarMember& member) {
    if (has_image_) throw DataError(where_, "has a sample of two images", member.name);
    if (member.size > std::numeric_limits<uint32_t>::max())
      throw DataError(where_, "has an image that is too large", member.name);
    has_image_ = true;
    record_.offset = member.offset;
    record_.size = static_cast<uint32_t>(member.size);
  }

  int32_t class_in(const TarMember& member) const {
    constexpr uint64_t kLongest = 32;
    std::string_view text = shard_.substr(member.offset, std::min(member.size, kLongest));
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
    int32_t label = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), label);
    if (error != std::errc() || end != text.data() + text.size() || label < 0)
      throw DataError(format("{}: {}", where_, member.name), "is no number of a class", std::string(text));
    return label;
  }

  std::string_view shard_;
  const std::string& where_;
  std::unordered_set<std::string> keys_;
  std::string key_;
  ShardRecord record_;
  bool has_image_ = false;
  std::string records_, texts_;
  SamplesLeftOut left_out_;
};

}  // namespace

fs::path index_of_shard(const fs::path& shard) { return shard.string() + ".index"; }

SamplesLeftOut write_shard_index(const fs::path& shard) {
  const std::string where = shard.string();
  const MappedFile file(shard);
  if (file.size() == 0) throw DataError(where, "is empty");
  IndexBuilder builder(file.text(), where);
  read_tar(file.text(), where, [&](const TarMember& member) { builder.add(member); });
  write_file(index_of_shard(shard), builder.finish());
  return builder.left_out();
}

ShardIndex::ShardIndex(const fs::path& shard, const std::string& hint)
    : file_([&] {
        const fs::path index = index_of_shard(shard);
        if (!fs::exists(index)) throw DataError(shard.string(), "has no index", {}, hint);
        return MappedFile(index);
      }()) {
  const std::string where = index_of_shard(shard).string();
  IndexHeader header{};
  if (file_.size() >= sizeof header) std::memcpy(&header, file_.data(), sizeof header);
  if (std::string_view(header.magic, sizeof header.magic) != kMagic)
    throw DataError(where, "is no index of a shard", {}, hint);
  const std::string_view body = file_.text().substr(sizeof header);
  const uint64_t most = body.size() / sizeof(ShardRecord);
  if (header.num_samples > most || header.num_samples * sizeof(ShardRecord) + header.key_bytes != body.size() ||
      crc32c(body.data(), body.size()) != header.crc)
    throw DataError(where, "is cut or damaged", {}, hint);
  const OpenFile archive(shard);
  shard_bytes_ = archive.size();
  const std::string first = archive.read(0, std::min<uint64_t>(shard_bytes_, kTarBlockBytes));
  if (shard_bytes_ != header.shard_bytes || crc_of_first_header(first) != header.shard_crc)
    throw DataError(where, "is of another archive, or the archive was cut",
                    format("{} bytes, not {}", shard_bytes_, header.shard_bytes), hint);
  records_ = {reinterpret_cast<const ShardRecord*>(body.data()), header.num_samples};
  keys_ = body.substr(header.num_samples * sizeof(ShardRecord));
}

std::string_view ShardIndex::key(int64_t i) const {
  const uint64_t begin = i == 0 ? 0 : record(i - 1).key_end;
  return keys_.substr(std::min<uint64_t>(begin, keys_.size()), record(i).key_end - begin);
}

}  // namespace glid
