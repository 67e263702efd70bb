#include "glid/data/shards.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/data/filtered_dataset.h"
#include "glid/data/inspection.h"
#include "glid/formats/image_part.h"
#include "glid/formats/tar.h"
#include "glid/formats/text_lines.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHowToMend = "the shard has changed since: remove its .index file, and glid_data index makes it again";

constexpr size_t kOpenShards = 64;
constexpr int64_t kMostClasses = 100'000;

std::string index_hint(const fs::path& root) { return "glid_data index --root " + root.string(); }

// Whether one of `words` stands in the path, between other characters than letters.
bool has_word(const fs::path& path, std::span<const std::string_view> words) {
  std::string word;
  for (const char c : path.generic_string() + ".") {
    if (std::isalpha(static_cast<unsigned char>(c))) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      continue;
    }
    if (std::ranges::find(words, word) != words.end()) return true;
    word.clear();
  }
  return false;
}

bool is_to_validate(const fs::path& shard) {
  return has_word(shard, std::array<std::string_view, 3>{"val", "valid", "validation"});
}

bool is_to_train(const fs::path& shard) { return has_word(shard, std::array<std::string_view, 2>{"train", "training"}); }

// The shards of a split and those of the other one; where there are none to validate on, samples are shared out.
struct SplitShards {
  std::vector<fs::path> shards, others;
  bool shared = false;
};

SplitShards shards_of(const fs::path& root, Split split) {
  std::vector<fs::path> train, val, others;
  for (const fs::path& shard : list_shards(root)) {
    const fs::path below = shard.lexically_relative(root);
    (is_to_validate(below) ? val : is_to_train(below) ? train : others).push_back(shard);
  }
  if (train.empty()) train = std::move(others);
  if (val.empty()) return {std::move(train), {}, true};
  if (split == Split::kVal) return {std::move(val), std::move(train), false};
  if (train.empty()) throw DataError(root.string(), "has shards to validate on and none to train on");
  return {std::move(train), std::move(val), false};
}

int64_t num_labels_in(const ShardIndex& index) {
  int64_t num_labels = 0;
  for (int64_t i = 0; i < index.size(); ++i) num_labels = std::max<int64_t>(num_labels, index.record(i).label + 1);
  return num_labels;
}

// Of root/classnames.txt; empty where that isn't there.
std::vector<std::string> class_names(const fs::path& file) {
  std::vector<std::string> names;
  if (!fs::exists(file)) return names;
  const std::string text = read_file(file);
  for (const std::string_view line : text_lines(text)) names.emplace_back(line);
  while (!names.empty() && names.back().empty()) names.pop_back();
  return names;
}

std::vector<Vocabulary::Class> classes_of(const fs::path& root, int64_t num_labels) {
  const fs::path file = root / "classnames.txt";
  std::vector<std::string> names = class_names(file);
  if (num_labels == 0) return {};
  if (!names.empty() && std::ssize(names) < num_labels)
    throw DataError(file.string(), format("names {} classes: the shards have more", names.size()),
                    format("class {}", num_labels - 1), "one name a line, in the order of the numbers");
  for (int64_t label = std::ssize(names); label < num_labels; ++label) names.push_back(std::to_string(label));
  return numbered_classes(names);
}

}  // namespace

std::shared_ptr<const OpenFile> OpenShards::open(const fs::path& shard) const {
  std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(recent_, shard, [](const auto& file) -> const fs::path& { return file->path(); });
  if (known != recent_.end()) recent_.splice(recent_.begin(), recent_, known);
  else recent_.push_front(std::make_shared<const OpenFile>(shard));
  if (recent_.size() > kOpenShards) recent_.pop_back();
  return recent_.front();
}

Shards::Shards(const fs::path& root, std::vector<fs::path> shards, const std::vector<fs::path>& others, int64_t window)
    : shards_(std::move(shards)), window_(window) {
  const std::string hint = index_hint(root);
  int64_t num_labels = 0;
  for (const fs::path& shard : others) num_labels = std::max(num_labels, num_labels_in({shard, hint}));
  for (const fs::path& shard : shards_) {
    const ShardIndex& index = indices_.emplace_back(shard, hint);
    num_labels = std::max(num_labels, num_labels_in(index));
    ends_.push_back(size() + index.size());
  }
  if (size() == 0) throw DataError(root.string(), "has shards without an image");
  if (num_labels > kMostClasses)
    throw DataError(root.string(), format("has a class beyond the {} that are taken", kMostClasses),
                    std::to_string(num_labels - 1), "a .cls is the number of a class, from 0");
  vocabulary_.images = classes_of(root, num_labels);
}

Shards::Row Shards::row(int64_t id) const {
  const auto shard = static_cast<size_t>(std::ranges::upper_bound(ends_, id) - ends_.begin());
  return {shard, id - (shard == 0 ? 0 : ends_[shard - 1])};
}

const ShardRecord& Shards::record(int64_t id) const {
  const Row at = row(id);
  return indices_[at.shard].record(at.sample);
}

std::string_view Shards::key(int64_t id) const {
  const Row at = row(id);
  return indices_[at.shard].key(at.sample);
}

std::string Shards::name(int64_t id) const {
  const Row at = row(id);
  return format("{}/{}", shards_[at.shard].string(), indices_[at.shard].key(at.sample));
}

Targets Shards::targets(int64_t id) const {
  Targets targets;
  if (const int32_t label = record(id).label; label >= 0) targets.label = label;
  return targets;
}

Sample Shards::get_part(int64_t id, const PartOfImage& part) const {
  const ShardRecord& at = record(id);
  const fs::path& shard = shards_[row(id).shard];
  const std::string where = name(id);
  if (at.offset < kTarBlockBytes) throw DataError(where, "is not where the index says", {}, kHowToMend);
  const std::string bytes = open_.open(shard)->read(at.offset - kTarBlockBytes, kTarBlockBytes + at.size);
  const std::string_view member = bytes;
  if (!is_tar_header(member.substr(0, kTarBlockBytes), at.size))
    throw DataError(where, "is not where the index says", {}, kHowToMend);
  return {id, where, decode_image_part(member.substr(kTarBlockBytes), where, part), targets(id)};
}

Fingerprint Shards::fingerprint() const {
  Fingerprint print;
  for (int64_t id = 0; id < size(); ++id) add_named(print, key(id), record(id).size);
  return print;
}

void Shards::inspect(int64_t id, Inspection& inspection) const {
  const Targets known = targets(id);
  if (known.label) inspection.count_label(*known.label);
  else if (!vocabulary_.images.empty()) inspection.add_reason(Defect::kNoAnnotations, name(id), "no class");
  try {
    const Image image = get(id).image;
    inspection.count_image({image.height, image.width});
  } catch (const DataError& error) {
    inspection.add_reason(Defect::kUnreadableImage, name(id), error.what());
  }
}

std::vector<fs::path> list_shards(const fs::path& root) {
  if (!fs::is_directory(root)) throw DataError(root.string(), "is not a folder", {}, "check data.root and data.name");
  std::vector<fs::path> shards;
  size_t num_packed = 0;
  for (const std::string& file : files_below(root)) {
    if (file.ends_with(".tar")) shards.push_back(root / file);
    else num_packed += file.ends_with(".tar.gz") || file.ends_with(".tgz") || file.ends_with(".tar.zst");
  }
  if (shards.empty())
    throw DataError(
        root.string(), "holds no shards", {},
        num_packed > 0 ? "unpack the compressed ones to plain .tar" : "they end in .tar: glid_data shard makes them");
  return shards;
}

std::shared_ptr<const AnnotatedDataset> open_shards(const Shards::Config& config, Split split) {
  const fs::path root = config.root;
  auto [files, others, shared] = shards_of(root, split);
  auto shards = std::make_shared<const Shards>(root, std::move(files), others, config.window);
  if (!shared) return shards;
  const auto key = [&](int64_t id) { return shards->key(id); };
  std::vector<int64_t> ids = places_by_hash(root, shards->size(), key, split);
  if (split == Split::kTrain)
    log_rank_zero_warning("{}: has no shards to validate on: trains on {} of its {} samples and validates on the other {}",
                          root.string(), ids.size(), shards->size(), shards->size() - std::ssize(ids));
  return samples_of(shards, std::move(ids));
}

}  // namespace glid
