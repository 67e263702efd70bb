#include "glid/data/file_list.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "glid/core/counted.h"
#include "glid/core/crc32c.h"
#include "glid/core/environment.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/folder_walk.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/core/log.h"
#include "glid/core/rng.h"
#include "glid/formats/image_file.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "the numbers are little-endian");

constexpr std::string_view kMagic = "GLIDFIL1";

// A cache file: this, where names end, sizes, folders, and the texts of names, folders, other images and key.
struct Header {
  char magic[8];
  uint64_t num_files, num_folders;
  uint64_t name_bytes, folder_bytes, other_bytes, key_bytes;
  uint64_t crc;  // of what follows
};

struct FolderRecord {
  uint64_t end;  // of its path in the text of folders
  FolderStamp stamp;
};
static_assert(sizeof(Header) == 64 && sizeof(FolderRecord) == 32);

// The parts of a cache file.
struct Parts {
  std::span<const uint64_t> ends, sizes;
  std::span<const FolderRecord> folders;
  std::string_view names, folder_names, others, key;
};

// Throws DataError for what isn't whole.
Parts parts_of(std::string_view bytes, const std::string& where) {
  Header header{};
  if (bytes.size() >= sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
  if (std::string_view(header.magic, sizeof header.magic) != kMagic) throw DataError(where, "is no list of files");
  const auto fail = [&] { throw DataError(where, "is cut or damaged"); };
  bytes.remove_prefix(sizeof header);
  if (crc32c(bytes.data(), bytes.size()) != header.crc) fail();
  const auto take = [&](uint64_t count, uint64_t size) {
    if (count > bytes.size() / size) fail();
    const std::string_view part = bytes.substr(0, count * size);
    bytes.remove_prefix(part.size());
    return part;
  };
  const auto numbers = [&]<class T>(uint64_t count, std::type_identity<T>) {
    return std::span(reinterpret_cast<const T*>(take(count, sizeof(T)).data()), count);
  };
  Parts parts;
  parts.ends = numbers(header.num_files, std::type_identity<uint64_t>());
  parts.sizes = numbers(header.num_files, std::type_identity<uint64_t>());
  parts.folders = numbers(header.num_folders, std::type_identity<FolderRecord>());
  parts.names = take(header.name_bytes, 1);
  parts.folder_names = take(header.folder_bytes, 1);
  parts.others = take(header.other_bytes, 1);
  parts.key = take(header.key_bytes, 1);
  if (!bytes.empty()) fail();
  return parts;
}

// What lies below a folder, to be written.
struct Content {
  std::vector<uint64_t> ends, sizes;
  std::vector<FolderRecord> folders;
  std::string names, folder_names, others, key;

  void add_file(const fs::path& folder, const std::string& file) {
    std::error_code missing;
    const auto bytes = fs::file_size(folder / file, missing);
    names += file;
    ends.push_back(names.size());
    sizes.push_back(missing ? 0 : bytes);
  }

  std::vector<std::byte> bytes() const {
    Header header{{}, ends.size(), folders.size(), names.size(), folder_names.size(), others.size(), key.size(), 0};
    std::memcpy(header.magic, kMagic.data(), kMagic.size());
    std::vector<std::byte> all(sizeof header);
    const auto add = [&](const auto& part) {
      const auto* first = reinterpret_cast<const std::byte*>(part.data());
      all.insert(all.end(), first, first + part.size() * sizeof part[0]);
    };
    all.reserve(sizeof header + 2 * ends.size() * sizeof ends[0] + folders.size() * sizeof folders[0] + names.size() +
                folder_names.size() + others.size() + key.size());
    add(ends), add(sizes), add(folders), add(names), add(folder_names), add(others), add(key);
    header.crc = crc32c(all.data() + sizeof header, all.size() - sizeof header);
    std::memcpy(all.data(), &header, sizeof header);
    return all;
  }
};

// Whether every folder is as it was.
bool still_stands(const Parts& parts, const fs::path& folder) {
  uint64_t begin = 0;
  return std::ranges::all_of(parts.folders, [&](const FolderRecord& record) {
    const std::string_view below = parts.folder_names.substr(begin, record.end - begin);
    begin = record.end;
    return stamp_of(below.empty() ? folder : folder / below) == record.stamp;
  });
}

// The images, at least one, when the last folder changed, and whether the folders' stamps tell of every change to come.
struct Listed {
  Content content;
  int64_t changed_ns = 0;
  bool can_be_kept = true;
};

Listed list(const fs::path& folder, const fs::path& skipped, const std::string& key) {
  FolderWalk walk = walk_folder(folder, skipped);
  Listed listed;
  Content& content = listed.content;
  content.key = key;
  listed.can_be_kept = !walk.has_dead_link;
  OtherImages others;
  for (const std::string& file : walk.files) {
    if (has_extension(file, kImageExtensions)) content.add_file(folder, file);
    else others.add(folder / file);
  }
  if (content.ends.empty()) {
    const std::string hint = others.hint();
    throw DataError(folder.string(), "holds no images",
                    counted(walk.files.size(), "file of another kind", "files of other kinds"),
                    hint.empty() ? "images end in " + join(std::span(kImageExtensions), " ") : hint);
  }
  content.others = others.dump();
  for (const auto& [path, stamp] : walk.folders) {
    content.folder_names += path;
    content.folders.push_back({content.folder_names.size(), stamp});
    listed.changed_ns = std::max({listed.changed_ns, stamp.modified_ns, stamp.changed_ns});
  }
  return listed;
}

// One process of a host lists a folder, the others wait for the cache file that it makes. Of a place that can't be written
// there is no lock: each lists for itself.
class ListLock {
 public:
  ListLock(const fs::path& place, const fs::path& folder) : place_(place), lock_(place.string() + ".lock") {
    std::error_code failed;
    fs::create_directories(place.parent_path(), failed);
    descriptor_ = ::open(lock_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0 || take()) return;
    const auto begin = std::chrono::steady_clock::now();
    for (bool said = false; !take() && std::chrono::steady_clock::now() < begin + kPatience;) {
      if (!said && std::chrono::steady_clock::now() > begin + kSilence) {
        log_info("{}: waits for another process, which lists it", folder.string());
        said = true;
      }
      std::this_thread::sleep_for(kBetween);
    }
    waited_ = true;
  }
  // Where nothing is kept, as of small folders, no lock stays either.
  ~ListLock() {
    if (descriptor_ < 0) return;
    std::error_code unreachable;
    if (!fs::exists(place_, unreachable)) ::unlink(lock_.c_str());
    ::close(descriptor_);
  }
  ListLock(const ListLock&) = delete;
  ListLock& operator=(const ListLock&) = delete;

  bool waited() const { return waited_; }

 private:
  static constexpr auto kPatience = std::chrono::minutes(10);
  static constexpr auto kSilence = std::chrono::seconds(1);  // few images take no longer
  static constexpr auto kBetween = std::chrono::milliseconds(20);
  bool take() const { return ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK; }

  fs::path place_, lock_;
  int descriptor_ = -1;
  bool waited_ = false;
};

}  // namespace

FileListCache FileListCache::of_user() {
  const auto variable = [](const char* name) { return fs::path(std::getenv(name) ? std::getenv(name) : ""); };
  if (const fs::path own = variable("GLID_CACHE"); !own.empty()) return {own / "lists"};
  if (const fs::path cache = variable("XDG_CACHE_HOME"); !cache.empty()) return {cache / "glid" / "lists"};
  if (const fs::path home = variable("HOME"); !home.empty()) return {home / ".cache" / "glid" / "lists"};
  return {};
}

// What a cache file is of. Hosts that share a home may have other files at the same place.
struct FileList::Key {
  fs::path folder;
  std::string text;

  Key(const fs::path& listed, const fs::path& skipped)
      : folder(fs::weakly_canonical(listed)),
        text(format("{}\n{}\n{}\n{}", folder.string(), skipped.empty() ? "" : fs::weakly_canonical(skipped).string(),
                    join(std::span(kImageExtensions), " "), host_name())) {}
  fs::path file_in(const fs::path& cache) const { return cache / format("{:016x}.files", stable_hash(text)); }
};

FileList::FileList(std::variant<std::vector<std::byte>, MappedFile> content, const std::string& where)
    : content_(std::move(content)) {
  const auto text = std::visit(
      [](const auto& bytes) { return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()); },
      content_);
  const Parts parts = parts_of(text, where);
  ends_ = parts.ends;
  sizes_ = parts.sizes;
  names_ = parts.names;
  others_ = OtherImages::parse(parts.others);
}

FileList::FileList(const fs::path& folder, const std::vector<std::string>& files)
    : FileList(
          [&] {
            Content content;
            for (const std::string& file : files) content.add_file(folder, file);
            return content.bytes();
          }(),
          folder.string()) {}

std::string_view FileList::file(int64_t i) const {
  const uint64_t begin = i == 0 ? 0 : ends_[static_cast<size_t>(i - 1)];
  return names_.substr(begin, ends_[static_cast<size_t>(i)] - begin);
}

// Nothing where there is none that stands for the folder.
std::optional<FileList> FileList::read(const fs::path& file, const Key& key, bool warns) {
  std::error_code unreadable;
  if (!fs::exists(file, unreadable)) return std::nullopt;
  try {
    MappedFile mapped(file);
    const Parts parts = parts_of(mapped.text(), file.string());
    if (parts.key != key.text || !still_stands(parts, key.folder)) return std::nullopt;
    return FileList(std::move(mapped), file.string());
  } catch (const DataError& error) {
    if (warns) log_rank_zero_warning("{}; made again", error.what());
    return std::nullopt;
  }
}

FileList FileList::open(const fs::path& folder, const fs::path& skipped, const FileListCache& cache) {
  const Key key(folder, skipped);
  if (cache.folder.empty()) return {list(folder, skipped, key.text).content.bytes(), folder.string()};
  const fs::path place = key.file_in(cache.folder);
  if (auto kept = read(place, key, /*warns=*/false)) return std::move(*kept);
  std::optional<ListLock> lock(std::in_place, place, folder);
  if (auto kept = read(place, key, /*warns=*/true)) return std::move(*kept);  // another process was faster
  if (lock->waited()) lock.reset();  // it has kept nothing: nobody need wait for this one
  const auto begin = std::chrono::system_clock::now() - cache.settled_for;
  const auto [content, changed_ns, can_be_kept] = list(folder, skipped, key.text);
  const bool has_settled = can_be_kept && std::chrono::nanoseconds(changed_ns) < begin.time_since_epoch();
  std::vector<std::byte> bytes = content.bytes();
  if (std::ssize(content.ends) >= cache.kept_from && has_settled) {
    try {
      fs::create_directories(cache.folder);
      write_file(place, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      if (auto kept = read(place, key, /*warns=*/true)) return std::move(*kept);
    } catch (const std::exception& error) {
      log_rank_zero_warning(
          "{}: the list of {} can't be kept ({}): each process holds its own, and looks for it at each start",
          folder.string(), counted(content.ends.size(), "image"), error.what());
    }
  }
  return {std::move(bytes), folder.string()};
}

}  // namespace glid
