#include "weight_place.h"

#include <utility>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/leftovers.h"
#include "glid/core/output_place.h"
#include "glid/core/temporaries.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr const char *kOption = "OUT", *kInFolder = "model.safetensors";
constexpr int kIndent = 2;

std::string text_of(const Json& json) { return json.dump(kIndent) + "\n"; }

// Written by glid_convert: of every dialect it has the encoder's depths.
bool is_ours(const std::string& text, const fs::path& file) {
  try {
    const Json json = Json::parse(text, file.string());
    return json.is_object() && (json.find("encoder") || json.find("depths"));
  } catch (const DataError&) {
    return false;
  }
}

fs::path without_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

}  // namespace

WeightPlace::WeightPlace(const fs::path& output, std::string json_in_folder)
    : output_(without_slash(output)), json_in_folder_(std::move(json_in_folder)), is_folder_(output_.extension().empty()) {
  if (!is_folder_ && !is_weights_name(output_))
    throw UsageError(kOption, "has an unknown extension", output_.string(),
                     ".safetensors, .pth, .pt or .bin make a file, and a name without an extension a folder");
  if (is_folder_) require_new_folder(kOption, output_);
  else require_file(kOption, output_), require_file(kOption, json_file());
}

fs::path WeightPlace::json_file() const { return fs::path(output_).replace_extension(".json"); }

void WeightPlace::require_free(const std::vector<fs::path>& inputs, const Json& json) const {
  require_apart(kOption, output_, inputs);
  if (is_folder_) return;
  require_apart(kOption, json_file(), inputs);
  const bool has_json = fs::exists(json_file()), has_weights = fs::is_regular_file(output_);
  if (has_json && !fs::is_regular_file(json_file())) return;  // a device or a pipe is written as it stands
  const std::string there = has_json ? read_file(json_file()) : "";
  const bool is_known = has_json && is_ours(there, json_file());
  if (has_weights && !is_known)
    throw UsageError(kOption, "is there already, and not by glid_convert", output_.string(), "choose another name");
  if (has_json && there != text_of(json) && !(has_weights && is_known))
    throw UsageError(kOption, "would replace a JSON that is there already", json_file().string(), "choose another name");
}

void WeightPlace::write(const WrittenWeights& weights, const Json& json) const {
  if (is_folder_) {
    OutputFolder folder(output_);
    write_weights(folder.path() / kInFolder, kInFolder, weights);
    put_file(folder.path() / json_in_folder_, text_of(json));
    folder.commit();
  } else {
    FoldersAbove above(output_);
    remove_leftovers_of(json_file());
    AtomicFile file(output_), about(json_file());
    write_weights(file.path(), output_, weights);
    put_file(about.path(), text_of(json));
    file.commit();  // what a full disk refuses is most likely the large one
    about.commit();
    above.keep();
  }
}

std::string WeightPlace::text() const {
  return is_folder_ ? format("{} and {}", (output_ / kInFolder).string(), json_in_folder_)
                    : format("{} and {}", output_.string(), json_file().filename().string());
}

}  // namespace glid
