#include "glid/data/shared_images.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>
#include <vector>

#include "glid/core/counted.h"
#include "glid/core/format.h"
#include "glid/core/rng.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// A number for each image, ascending; `key` makes a text of its name.
std::vector<uint64_t> hashes_of(const Dataset& images, auto key) {
  std::vector<uint64_t> hashes;
  for (int64_t id = 0; id < images.size(); ++id) hashes.push_back(stable_hash(key(images.name(id))));
  std::ranges::sort(hashes);
  return hashes;
}

std::string path_of(const std::string& name) { return fs::path(name).lexically_normal().string(); }

std::string last_of(const std::string& name) { return fs::path(name).filename().string(); }

std::string last_and_size(const std::string& name) {
  std::error_code missing;
  const auto bytes = fs::file_size(name, missing);
  return missing ? name : format("{} {}", last_of(name), bytes);
}

bool are_copies(const Dataset& train, const Dataset& val) {
  return train.size() == val.size() && hashes_of(train, last_of) == hashes_of(val, last_of) &&
         hashes_of(train, last_and_size) == hashes_of(val, last_and_size);
}

bool has_files(const Dataset& images) {
  std::error_code unreadable;
  return images.size() > 0 && fs::is_regular_file(images.name(0), unreadable);
}

}  // namespace

std::string shared_images(const Dataset& train, const Dataset& val) {
  if (!has_files(val)) return {};
  const std::vector<uint64_t> of_train = hashes_of(train, path_of), of_val = hashes_of(val, path_of);
  std::vector<uint64_t> shared;
  std::ranges::set_intersection(of_val, of_train, std::back_inserter(shared));
  if (shared.size() == of_val.size() || are_copies(train, val))
    return val.size() == 1 ? "the one of val is trained on too" : format("all {} of val are trained on too", val.size());
  if (shared.empty()) return {};
  const std::string among = format("of the {} of val", val.size());
  return counted(shared.size(), among + " is trained on too", among + " are trained on too");
}

}  // namespace glid
