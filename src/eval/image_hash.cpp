#include "glid/eval/image_hash.h"

#include "glid/core/format.h"
#include "glid/core/rng.h"

namespace glid {

std::string stem_of(const ImageId& id) {
  const int64_t* number = std::get_if<int64_t>(&id);
  return number != nullptr ? format("{:012}", *number) : std::get<std::string>(id);
}

std::string image_hash(const std::set<std::string>& stems) {
  uint64_t hash = 0;
  for (const std::string& stem : stems) hash = stable_hash(stem, hash);
  return format("{:016x}", hash);
}

std::string hash_of_names(const ImageNames& names) {
  std::set<std::string> stems;
  for (const auto& [key, name] : names) stems.insert(name);
  return image_hash(stems);
}

}  // namespace glid
