#include "coco_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <string>
#include <type_traits>
#include <utility>

#include <simdjson.h>

#include "glid/core/crc32c.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/mapped_file.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "caches are little-endian");
static_assert(sizeof(CocoCacheHeader) % 8 == 0);

constexpr std::array<char, 8> kMagic = {'G', 'L', 'I', 'D', 'C', 'O', 'C', 'O'};
constexpr uint32_t kVersion = 1;  // of the tables' layout
constexpr size_t kAlignment = 8;

constexpr size_t padding_of(size_t bytes) { return (kAlignment - bytes % kAlignment) % kAlignment; }

struct SourceState {
  uint64_t bytes;
  int64_t time_ns;  // last change
};

SourceState state_of(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) throw DataError(file.string(), "can't be read", std::strerror(errno));
  return {static_cast<uint64_t>(status.st_size), status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec};
}

struct MappedTables {
  MappedFile file;
  CocoCacheHeader header;
  CocoTables tables;

  const std::byte* body() const { return file.data() + sizeof header; }
  size_t body_bytes() const { return file.size() - sizeof header; }
};

// Points the spans into the mapping. False when the rows that the header counts don't fill it.
bool place_tables(MappedTables& mapped) {
  const std::byte* next = mapped.body();
  size_t left = mapped.body_bytes(), table = 0;
  bool fits = true;
  for_each_table(mapped.tables, [&](auto& rows) {
    using Row = typename std::remove_reference_t<decltype(rows)>::element_type;
    const uint64_t num_rows = mapped.header.num_rows[table++];
    fits = fits && num_rows <= left / sizeof(Row) && num_rows * sizeof(Row) + padding_of(num_rows * sizeof(Row)) <= left;
    if (!fits) return;
    const size_t bytes = num_rows * sizeof(Row);
    rows = {reinterpret_cast<const Row*>(next), num_rows};
    next += bytes + padding_of(bytes);
    left -= bytes + padding_of(bytes);
  });
  mapped.tables.notes = mapped.header.notes;
  return fits && left == 0;
}

enum class CacheState { kGood, kOtherVersion, kDamaged };

CacheState read_header(MappedTables& mapped) {
  if (mapped.file.size() < sizeof mapped.header) return CacheState::kDamaged;
  std::memcpy(&mapped.header, mapped.file.data(), sizeof mapped.header);
  if (mapped.header.magic != kMagic || sealed(mapped.header).header_crc != mapped.header.header_crc)
    return CacheState::kDamaged;
  if (mapped.header.version != kVersion) return CacheState::kOtherVersion;
  return place_tables(mapped) ? CacheState::kGood : CacheState::kDamaged;
}

// The source's time has changed and its content has not: the next open() need not read it again. Where the cache can't be
// written to, it will.
void renew_header(const fs::path& cache, CocoCacheHeader header, const SourceState& source) {
  header.source_time_ns = source.time_ns;
  header = sealed(header);
  const int fd = ::open(cache.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (::pwrite(fd, &header, sizeof header, 0) != sizeof header)
    log_warning("{}: can't be renewed: {}", cache.string(), std::strerror(errno));
  ::close(fd);
}

bool belongs_to(const MappedTables& mapped, const fs::path& cache, const fs::path& file, const SourceState& source) {
  if (mapped.header.source_bytes != source.bytes) return false;
  if (mapped.header.source_time_ns == source.time_ns) return true;
  if (crc32c_of_file(file) != mapped.header.source_crc) return false;
  renew_header(cache, mapped.header, source);
  return true;
}

// Null when there is none, or none of this file as it is now.
std::shared_ptr<const CocoTables> load_cache(const fs::path& cache, const fs::path& file, const SourceState& source) {
  std::error_code ignored;
  if (!fs::is_regular_file(cache, ignored) || ::access(cache.c_str(), R_OK) != 0) return nullptr;
  auto mapped = std::make_shared<MappedTables>(MappedTables{MappedFile(cache), {}, {}});
  const CacheState state = read_header(*mapped);
  if (state == CacheState::kOtherVersion) return nullptr;
  if (state == CacheState::kGood) {
    if (!belongs_to(*mapped, cache, file, source)) return nullptr;
    if (crc32c(mapped->body(), mapped->body_bytes()) == mapped->header.tables_crc && are_sound(mapped->tables))
      return {mapped, &mapped->tables};
  }
  log_warning("{}: is a damaged index and is made anew", cache.string());
  return nullptr;
}

// Writes beside the final place; renamed when complete, so that processes may race. Not synced, which would take longer than
// parsing: a cache that a power cut tears fails its checksum and is made anew.
class CacheWriter {
 public:
  explicit CacheWriter(fs::path cache) : cache_(std::move(cache)), temporary_(cache_.string() + ".XXXXXX") {
    const int fd = ::mkstemp(temporary_.data());
    stream_ = fd < 0 ? nullptr : ::fdopen(fd, "wb");
    if (!stream_ && fd >= 0) ::close(fd);
    ok_ = stream_ && ::fchmod(fd, 0644) == 0;
  }
  ~CacheWriter() {
    if (!stream_) return;
    std::fclose(stream_);
    ::unlink(temporary_.c_str());
  }
  CacheWriter(const CacheWriter&) = delete;
  CacheWriter& operator=(const CacheWriter&) = delete;

  void write(const void* data, size_t bytes) { ok_ = ok_ && (bytes == 0 || std::fwrite(data, bytes, 1, stream_) == 1); }

  bool write_tables(const CocoTables& tables, CocoCacheHeader header) {
    size_t table = 0;
    write(&header, sizeof header);
    for_each_table(tables, [&](const auto& rows) {
      header.num_rows[table++] = rows.size();
      header.tables_crc = write_padded(rows.data(), rows.size_bytes(), header.tables_crc);
    });
    header = sealed(header);
    ok_ = ok_ && std::fseek(stream_, 0, SEEK_SET) == 0;
    write(&header, sizeof header);
    return ok_;
  }

  bool commit() {
    ok_ = ok_ && std::fflush(stream_) == 0 && std::rename(temporary_.c_str(), cache_.c_str()) == 0;
    if (ok_) std::fclose(std::exchange(stream_, nullptr));
    return ok_;
  }

 private:
  // Returns the checksum continued.
  uint32_t write_padded(const void* data, size_t bytes, uint32_t crc) {
    constexpr char kZeros[kAlignment] = {};
    write(data, bytes);
    write(kZeros, padding_of(bytes));
    return crc32c(kZeros, padding_of(bytes), crc32c(data, bytes, crc));
  }

  fs::path cache_;
  std::string temporary_;
  std::FILE* stream_ = nullptr;
  bool ok_ = false;
};

// Tables just made, which are written while they are already in use; the last user waits for the end.
struct MadeTables {
  MappedFile json;
  std::shared_ptr<const CocoTables> tables;
  std::future<void> keeping;
};

void keep(const fs::path& file, const SourceState& source, const MadeTables& made) {
  const uint32_t source_crc = crc32c(made.json.data(), made.json.size());
  const CocoCacheHeader header{kMagic, kVersion, 0, source.bytes, source.time_ns, source_crc, 0, {}, made.tables->notes};
  std::string reasons;
  for (const fs::path& cache : coco_cache_places(file)) {
    std::error_code failed;
    if (cache.has_parent_path()) fs::create_directories(cache.parent_path(), failed);
    CacheWriter writer(cache);
    if (writer.write_tables(*made.tables, header) && writer.commit()) return;
    reasons += format("; {}: {}", cache.string(), failed ? failed.message() : std::strerror(errno));
  }
  log_warning("{}: its index can't be kept and will be made at every start{}", file.string(), reasons);
}

fs::path user_cache_folder() {
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg && *xdg) return fs::path(xdg) / "glid" / "index";
  if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".cache" / "glid" / "index";
  return {};
}

}  // namespace

CocoCacheHeader sealed(CocoCacheHeader header) {
  header.header_crc = 0;
  header.header_crc = crc32c(&header, sizeof header);
  return header;
}

std::vector<fs::path> coco_cache_places(const fs::path& file) {
  const std::string suffix = ".glid-index";
  std::vector<fs::path> places{file.string() + suffix};
  if (const fs::path folder = user_cache_folder(); !folder.empty()) {
    // Two paths of one hash take the place from each other and are never mistaken: the source's checksum is inside.
    const std::string path = fs::absolute(file).lexically_normal().string();
    places.push_back(folder / format("{}-{:08x}{}", file.stem().string(), crc32c(path.data(), path.size()), suffix));
  }
  return places;
}

std::shared_ptr<const CocoTables> open_coco_tables(const fs::path& file) {
  const SourceState source = state_of(file);
  for (const fs::path& cache : coco_cache_places(file))
    if (auto tables = load_cache(cache, file, source)) return tables;

  auto made = std::make_shared<MadeTables>(MadeTables{MappedFile(file, simdjson::SIMDJSON_PADDING), {}, {}});
  made->tables = parse_coco_truth(made->json.text(), file.string());
  made->keeping = std::async(std::launch::async, [file, source, &made = *made] { keep(file, source, made); });
  return {made, made->tables.get()};
}

}  // namespace glid
