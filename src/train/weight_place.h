// Where weights and the JSON that belongs to them are written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "glid/core/json.h"
#include "glid/model/write_weights.h"

namespace glid {

class WeightPlace {
 public:
  // A file has its JSON beside it; in a folder that is called `json_in_folder`. Throws UsageError, naming OUT, for an
  // unknown extension, a place that can't be written, and a folder that is not empty.
  WeightPlace(const std::filesystem::path& output, std::string json_in_folder);

  // Throws UsageError where what is there belongs to something else: a file that is read, weights that
  // glid_convert didn't write, or another JSON.
  void require_free(const std::vector<std::filesystem::path>& inputs, const Json& json) const;
  // Both, or none where it fails; they are renamed one after the other. Throws as write_weights() does.
  void write(const WrittenWeights& weights, const Json& json) const;
  // "a.pth and a.json"
  std::string text() const;

 private:
  std::filesystem::path json_file() const;

  std::filesystem::path output_;
  std::string json_in_folder_;
  bool is_folder_;
};

}  // namespace glid
