#include "sample_files.h"

#include <algorithm>
#include <map>
#include <utility>

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/rng.h"
#include "glid/formats/category_names.h"
#include "glid/formats/image_file.h"

namespace glid {

namespace fs = std::filesystem;

namespace {

std::vector<CategoryName> names_of(const std::vector<Vocabulary::Class>& classes) {
  std::vector<CategoryName> names;
  for (const auto& [id, name] : classes) names.push_back({id, name});
  return names;
}

}  // namespace

const char* split_name(Split split) { return split == Split::kTrain ? "train" : "val"; }

Image read_image_of_size(const fs::path& file, const SizePx& declared) {
  Image image = read_image(file);
  const SizePx size{image.height, image.width};
  if (declared.is_known() && size != declared)
    throw DataError(file.string(), format("is not {} as its annotation says", to_string(declared)), to_string(size));
  return image;
}

void require_size(const fs::path& annotation, const SizePx& size, const Image& image) {
  const SizePx expected{image.height, image.width};
  if (size != expected)
    throw DataError(annotation.string(), format("is not {} as its image is", to_string(expected)), to_string(size));
}

std::vector<float> to_floats(const DepthMap& depth) { return {depth.metres.begin(), depth.metres.end()}; }

std::vector<float> read_depth(const fs::path& file, double depth_scale, const Image& image) {
  const DepthMap depth = read_depth_png(file, depth_scale);
  require_size(file, {depth.height, depth.width}, image);
  return to_floats(depth);
}

void check_depth_file(const fs::path& file, double depth_scale, const SizePx& image, Inspection& inspection) {
  try {
    const DepthMap depth = read_depth_png(file, depth_scale);
    inspection.check_depth(to_floats(depth), {depth.height, depth.width}, image, file.string());
  } catch (const DataError& error) {
    inspection.add_reason(Defect::kUnreadableAnnotation, file.string(), error.what());
  }
}

void add_named(Fingerprint& print, std::string_view name, uint64_t bytes) {
  print.names = stable_hash(name, print.names);
  print.sizes = stable_hash(std::to_string(bytes), print.sizes);
}

void add_named_file(Fingerprint& print, const std::string& name, const fs::path& file) {
  std::error_code missing;
  const auto bytes = fs::file_size(file, missing);
  add_named(print, name, missing ? 0 : bytes);
}

void add_file(Fingerprint& print, const fs::path& file, const fs::path& root) {
  add_named_file(print, file.lexically_relative(root).generic_string(), file);
}

void add_others(const fs::path& folder, const OtherImages& others, Inspection& inspection) {
  if (others.count() > 0)
    inspection.add_reason(
        Defect::kLeftOut, folder.string(),
        format("{} of other formats than JPEG and PNG: {}", counted(others.count(), "image"), others.text()));
}

void add_repeated(const std::vector<fs::path>& files, Inspection& inspection) {
  std::map<fs::path, size_t> first_of;
  for (size_t i = 0; i < files.size(); ++i)
    if (const auto [first, is_new] = first_of.emplace(files[i], i); !is_new)
      inspection.add(Defect::kRepeatedFile, files[i].string(), format("samples {} and {}", first->second + 1, i + 1));
}

void warn_of_repeated_names(const std::string& where, const std::vector<Vocabulary::Class>& classes) {
  for (const std::string& line : repeated_names(names_of(classes)))
    log_rank_zero_warning("{}: {}: {}", where, kind_of(Defect::kRepeatedName).what, line);
}

void add_repeated_names(const std::string& where, const std::vector<Vocabulary::Class>& classes, Inspection& inspection) {
  for (const std::string& line : repeated_names(names_of(classes)))
    inspection.add_reason(Defect::kRepeatedName, where, line);
}

std::vector<Vocabulary::Class> numbered_classes(const std::vector<std::string>& names) {
  std::vector<Vocabulary::Class> classes;
  for (const std::string& name : names) classes.push_back({std::ssize(classes), name});
  return classes;
}

std::vector<int64_t> places_by_hash(const fs::path& folder, int64_t count,
                                    const std::function<std::string_view(int64_t)>& name, Split split) {
  if (count < 2) {
    throw DataError(folder.string(), "has too few images to set a tenth aside for validation", std::to_string(count),
                    "add images or a folder val");
  }
  std::vector<std::pair<uint64_t, int64_t>> hashes;
  for (int64_t i = 0; i < count; ++i) hashes.emplace_back(stable_hash(name(i)), i);
  const auto tenth = hashes.begin() + std::max<std::ptrdiff_t>(1, count / 10);
  std::nth_element(hashes.begin(), tenth, hashes.end());
  std::vector<int64_t> chosen;
  for (auto it = split == Split::kVal ? hashes.begin() : tenth; it != (split == Split::kVal ? tenth : hashes.end()); ++it) {
    chosen.push_back(it->second);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::vector<std::string> split_by_hash(const fs::path& folder, const std::vector<std::string>& files, Split split) {
  const auto name = [&](int64_t i) -> std::string_view { return files[static_cast<size_t>(i)]; };
  std::vector<std::string> kept;
  for (const int64_t i : places_by_hash(folder, std::ssize(files), name, split))
    kept.push_back(files[static_cast<size_t>(i)]);
  return kept;
}

}  // namespace glid
