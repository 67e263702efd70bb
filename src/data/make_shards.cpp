#include "glid/data/make_shards.h"

#include <atomic>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "glid/core/counted.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/pace.h"
#include "glid/core/parallel_for.h"
#include "glid/data/epoch_order.h"
#include "glid/data/image_folder.h"
#include "glid/data/shards.h"
#include "glid/formats/image_file.h"
#include "glid/formats/shard_index.h"
#include "glid/formats/tar.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// Without extension; a dot of the file's name would end the key too early.
std::string key_of(std::string_view file) {
  std::string key(file);
  const size_t begin = key.rfind('/') + 1, dot = key.rfind('.');
  if (dot != std::string::npos && dot > begin) key.resize(dot);
  for (size_t i = begin; i < key.size(); ++i)
    if (key[i] == '.') key[i] = '_';
  return key;
}

// What goes where: images in the order of the shards, and the first of each shard.
class ShardPlan {
 public:
  ShardPlan(const ImageFolder& images, const ShardOptions& options)
      : order_(epoch_permutation(images.size(), options.seed, 0)), keys_(keys_of(images)) {
    const auto limit = static_cast<uint64_t>(options.megabytes) * 1'000'000;
    uint64_t bytes = limit;
    for (size_t i = 0; i < order_.size(); ++i) {
      if (bytes >= limit) begins_.push_back(i), bytes = 0;
      std::error_code missing;
      const auto size = fs::file_size(images.name(order_[i]), missing);
      bytes += missing ? 0 : size;
    }
  }

  int64_t num_shards() const { return std::ssize(begins_); }
  size_t begin(int64_t shard) const { return begins_[static_cast<size_t>(shard)]; }
  size_t end(int64_t shard) const { return shard + 1 < num_shards() ? begin(shard + 1) : order_.size(); }
  int64_t image(size_t i) const { return order_[i]; }
  const std::string& key(int64_t image) const { return keys_[static_cast<size_t>(image)]; }

 private:
  static std::vector<std::string> keys_of(const ImageFolder& images) {
    std::unordered_set<std::string> used;
    std::vector<std::string> keys;
    for (int64_t id = 0; id < images.size(); ++id) {
      std::string key = key_of(images.file(id));
      while (!used.insert(key).second) key += '_';
      keys.push_back(std::move(key));
    }
    return keys;
  }

  std::vector<int64_t> order_;
  std::vector<std::string> keys_;  // by image
  std::vector<size_t> begins_;
};

void write_shard(const ImageFolder& images, const ShardPlan& plan, int64_t shard, const fs::path& file,
                 const std::function<void()>& tick) {
  TarWriter tar(file);
  for (size_t i = plan.begin(shard); i < plan.end(shard); ++i, tick()) {
    const int64_t id = plan.image(i);
    const std::string bytes = read_file(images.name(id));
    tar.add(plan.key(id) + (is_png(bytes) ? ".png" : ".jpg"), bytes);
    if (const auto label = images.targets(id).label) tar.add(plan.key(id) + ".cls", std::to_string(*label));
  }
  tar.finish();
  write_shard_index(file);
}

void write_split(const ImageFolder& images, Split split, const ShardOptions& options, const fs::path& out) {
  const ShardPlan plan(images, options);
  const fs::path folder = out / split_name(split);
  fs::create_directories(folder);
  Pace pace(format("shard {}", split_name(split)), images.size());
  std::atomic<int64_t> done = 0;
  parallel_for(plan.num_shards(), options.num_threads, [&](int64_t shard, int64_t) {
    write_shard(images, plan, shard, folder / format("{:06}.tar", shard), [&] {
      if (const int64_t count = ++done; count % 100 == 0) pace.show(count);
    });
  });
  log_status("");
  log_info("{}: {} in {}", split_name(split), counted(images.size(), "image"), counted(plan.num_shards(), "shard"));
}

std::string class_lines(const ImageFolder& images) {
  std::string lines;
  for (const auto& [name, label] : images.classes()) lines += name + "\n";
  return lines;
}

bool has_good_index(const fs::path& shard) {
  try {
    ShardIndex index(shard, {});
    return true;
  } catch (const DataError&) {
    return false;
  }
}

struct Counts {
  std::atomic<int64_t> made = 0, bad = 0;
};

void index_one(const fs::path& shard, Counts& counts) {
  try {
    const SamplesLeftOut left_out = write_shard_index(shard);
    ++counts.made;
    if (left_out.samples > 0)
      log_warning("{}: {} without an image {} left out (first: {})", shard.string(), counted(left_out.samples, "sample"),
                  left_out.samples == 1 ? "is" : "are", left_out.example);
  } catch (const DataError& error) {
    ++counts.bad;
    log_warning("{}", error.what());
  }
}

}  // namespace

void make_shards(const ShardOptions& options) {
  const fs::path out = whole_path(options.out);
  require_new_folder("--out", out);
  require_outside("--out", out, options.root);
  const auto open = options.source == ShardSource::kImageNet ? open_imagenet : open_folder;
  const ImageFolder train = open(options.root, Split::kTrain), val = open(options.root, Split::kVal);
  OutputFolder folder(out);
  write_split(train, Split::kTrain, options, folder.path());
  write_split(val, Split::kVal, options, folder.path());
  if (!train.classes().empty()) write_file(folder.path() / "classnames.txt", class_lines(train));
  folder.commit();
  log_info("wrote {}", out.string());
}

ExitCode index_shards(const fs::path& root, int64_t num_threads) {
  std::vector<fs::path> missing;
  const std::vector<fs::path> shards = list_shards(root);
  for (const fs::path& shard : shards)
    if (!has_good_index(shard)) missing.push_back(shard);
  Counts counts;
  Pace pace("index", std::ssize(missing));
  std::atomic<int64_t> done = 0;
  parallel_for(std::ssize(missing), num_threads, [&](int64_t i, int64_t) {
    index_one(missing[static_cast<size_t>(i)], counts);
    pace.show(++done);
  });
  log_status("");
  log_info("{}: {}, {} indexed now, {} before, {} can't be", root.string(), counted(shards.size(), "shard"),
           counts.made.load(), shards.size() - missing.size(), counts.bad.load());
  return counts.bad > 0 ? ExitCode::kData : ExitCode::kDone;
}

}  // namespace glid
