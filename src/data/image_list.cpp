#include "glid/data/image_list.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "glid/core/counted.h"
#include "glid/core/crc32c.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/utf8.h"
#include "glid/data/inspection.h"
#include "glid/formats/coco_json.h"
#include "glid/formats/image_file.h"
#include "glid/formats/pairs.h"
#include "glid/formats/text_lines.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

struct ListFiles {
  std::vector<fs::path> files;        // each once
  std::vector<std::string> repeated;  // lines
};

ListFiles files_of_list(const fs::path& list, const fs::path& folder) {
  ListFiles listed;
  std::set<fs::path> known;
  const std::string text = read_file(list);
  if (text.find('\0') != text.npos)
    throw DataError(list.string(), "is no list of images: it has bytes of zero", {}, "write it in UTF-8, one file a line");
  for (const std::string_view line : text_lines(text)) {
    if (line.empty() || line.front() == '#') continue;
    const fs::path file = (folder / line).lexically_normal();
    if (known.insert(file).second) listed.files.push_back(file);
    else listed.repeated.emplace_back(line);
  }
  return listed;
}

// The deepest one that holds both.
fs::path shared_folder(const fs::path& a, const fs::path& b) {
  fs::path shared;
  for (auto part = a.begin(), end = std::ranges::mismatch(a, b).in1; part != end; ++part) shared /= *part;
  return shared;
}

// What names are paths below.
fs::path folder_of_names(const fs::path& list_folder, const std::vector<fs::path>& files) {
  fs::path common = files.at(0).parent_path();
  for (const fs::path& file : files) common = shared_folder(common, file.parent_path());
  return shared_folder(list_folder, common) == list_folder ? list_folder : common;
}

std::string text_of(const fs::path& path) { return name_to_utf8(path.generic_string()); }
std::string without_extension(fs::path path) { return text_of(path.replace_extension()); }

// Files that are named after an image get endings, and file systems take names of 255 bytes.
std::string shortened(const std::string& name) {
  constexpr size_t kLongest = 200, kKept = 180;
  const size_t begin = name.rfind('/') + 1;
  if (name.size() - begin <= kLongest) return name;
  size_t end = begin + kKept;
  while ((static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;  // not within a character
  return format("{}~{:08x}", name.substr(0, end), crc32c(name.data(), name.size()));
}

// By their paths, which are all different: without extension where that is nobody else's name or path.
std::vector<std::string> names_of(const std::vector<fs::path>& paths) {
  std::map<std::string, int64_t> uses;
  for (const fs::path& path : paths) {
    ++uses[text_of(path)];
    ++uses[without_extension(path)];
  }
  std::vector<std::string> names;
  for (const fs::path& path : paths)
    names.push_back(shortened(uses[without_extension(path)] == 1 ? without_extension(path) : text_of(path)));
  return names;
}

std::vector<NamedImage> named_below(const fs::path& folder, const std::vector<fs::path>& paths) {
  const std::vector<std::string> names = names_of(paths);
  std::vector<NamedImage> images;
  for (size_t i = 0; i < paths.size(); ++i) images.push_back({names[i], folder / paths[i], paths[i].generic_string()});
  return images;
}

ListedImages images_of_list(const fs::path& list) {
  const fs::path own_folder = fs::absolute(list).lexically_normal().parent_path();
  auto [files, repeated] = files_of_list(list, own_folder);
  if (files.empty()) throw DataError(list.string(), "names no image", {}, "one file a line");
  const fs::path folder = folder_of_names(own_folder, files);
  for (fs::path& file : files) file = file.lexically_relative(folder);
  return {.images = named_below(folder, files), .repeated = std::move(repeated)};
}

// Of a file that is named as COCO's are.
std::optional<int64_t> coco_number(const std::string& stem) {
  constexpr size_t kDigits = 12;
  const std::string name = fs::path(stem).filename().string();
  if (name.size() != kDigits || name.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoll(name);
}

// A class is named because there must be one: nobody compares it with anything.
Targets unknown_targets(const Vocabulary& vocabulary, const Image& image) {
  const auto pixels = static_cast<size_t>(image.height * image.width);
  Targets targets;
  if (!vocabulary.images.empty()) targets.label = 0;
  if (!vocabulary.labels.empty()) targets.semantic.assign(pixels, kIgnoreLabel);
  if (!vocabulary.segments.empty()) targets.panoptic.ids.assign(pixels, 0);
  if (vocabulary.has_depth) targets.depth.assign(pixels, 0);
  return targets;
}

// Of all images, each once; empty where these aren't named so.
std::vector<ImageId> coco_numbers(const std::vector<NamedImage>& images) {
  std::vector<ImageId> numbers;
  for (const NamedImage& image : images)
    if (const auto number = coco_number(image.name)) numbers.emplace_back(*number);
  const bool is_each_once = std::set(numbers.begin(), numbers.end()).size() == images.size();
  return is_each_once ? numbers : std::vector<ImageId>();
}

ListedImages images_of_folder(const fs::path& folder) {
  ListedImages listed;
  const std::vector<std::string> files = files_of_kinds(folder, kImageExtensions, &listed.others);
  if (files.empty()) throw DataError(folder.string(), "holds no images", {}, listed.others.hint());
  listed.images = named_below(folder, {files.begin(), files.end()});
  std::ranges::sort(listed.images, {}, &NamedImage::name);
  if (!coco_numbers(listed.images).empty())
    std::ranges::sort(listed.images, {}, [](const NamedImage& image) { return coco_number(image.name); });
  return listed;
}

// The images that the file_names of a COCO file mean.
class NamesOfFiles {
 public:
  explicit NamesOfFiles(const std::vector<NamedImage>& images) : images_(images) {
    for (size_t i = 0; i < images.size(); ++i) {
      by_path_.emplace(images[i].below, i);
      by_last_.emplace(images[i].file.filename().string(), i);
    }
  }
  // Throws DataError (where: empty) for a name that means several.
  std::optional<size_t> find(std::string_view file_name) const {
    const fs::path name = fs::path(file_name).lexically_normal();
    if (const auto found = by_path_.find(name.generic_string()); found != by_path_.end()) return found->second;
    std::optional<size_t> only;
    const auto [begin, end] = by_last_.equal_range(name.filename().string());
    for (auto candidate = begin; candidate != end; ++candidate) {
      if (!ends_with(fs::absolute(images_[candidate->second].file), name)) continue;
      if (only)
        throw DataError("", "has a file_name that is the end of two images' paths", std::string(file_name),
                        "--input is the folder that file_names are below");
      only = candidate->second;
    }
    return only;
  }

 private:
  static bool ends_with(const fs::path& path, const fs::path& end) {
    const std::vector<fs::path> all(path.begin(), path.end()), last(end.begin(), end.end());
    return last.size() <= all.size() && std::equal(last.rbegin(), last.rend(), all.rbegin());
  }

  const std::vector<NamedImage>& images_;
  std::map<std::string, size_t> by_path_;
  std::multimap<std::string, size_t> by_last_;
};

void log_unlisted(const std::vector<NamedImage>& images, const std::set<size_t>& listed, const CocoIndex& index) {
  const size_t unlisted = images.size() - listed.size(), elsewhere = index.images().size() - listed.size();
  size_t first = 0;
  while (listed.contains(first)) ++first;
  if (unlisted > 0)
    log_warning("left out: {} of {}, which {} doesn't list, as {}", unlisted, counted(images.size(), "image"), index.where(),
                images[first].below);
  if (elsewhere > 0)
    log_warning("{}: {} of {} are not among these: nothing is predicted of them", index.where(), elsewhere,
                counted(index.images().size(), "image"));
}

}  // namespace

ListedImages list_images(const fs::path& input) {
  if (!fs::exists(input)) throw DataError(input.string(), "does not exist");
  if (fs::is_directory(input)) return images_of_folder(input);
  if (small_extension(input) == ".txt") return images_of_list(input);
  return {.images = {{without_extension(input.filename()), input, input.filename().string()}}};
}

ImageList::ImageList(const fs::path& input, Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {
  ListedImages listed = list_images(input);
  listed.others.warn(input);
  if (!listed.repeated.empty())
    log_warning("{}: {} a file again, which counts once: {}", input.string(),
                counted(listed.repeated.size(), "line names", "lines name"),
                listed.repeated.size() == 1 ? listed.repeated[0] : listed.repeated[0] + ", ..");
  images_ = std::move(listed.images);
  ids_ = coco_numbers(images_);
}

Sample ImageList::get(int64_t id) const {
  Sample sample{id, name(id), read_image(name(id)), {}};
  sample.targets = unknown_targets(vocabulary_, sample.image);
  return sample;
}

ImageList ImageList::of(Vocabulary vocabulary) const {
  ImageList same = *this;
  same.vocabulary_ = std::move(vocabulary);
  return same;
}

ImageList ImageList::numbered_by(const fs::path& annotations) const {
  const CocoIndex index = CocoIndex::open(annotations, CocoUse::images());
  const NamesOfFiles names(images_);
  ImageList same = *this;
  same.images_.clear();
  same.ids_.clear();
  same.sizes_.clear();
  std::set<size_t> listed;
  for (size_t i = 0; i < index.images().size(); ++i) try {
      const std::optional<size_t> found = names.find(index.text(index.images()[i].file_name));
      if (!found || !listed.insert(*found).second) continue;
      same.images_.push_back(images_[*found]);
      same.ids_.push_back(index.image_id(i));
      same.sizes_.push_back({index.images()[i].height, index.images()[i].width});
    } catch (const DataError& error) {
      throw DataError(format("{}: image {}", index.where(), to_string(index.image_id(i))), error.what());
    }
  if (listed.empty())
    throw DataError(index.where(), "lists none of the images", images_.at(0).below,
                    "a file_name is an image's path below --input, or the end of its path");
  log_unlisted(images_, listed, index);
  return same;
}

ImageId ImageList::image_id(int64_t id) const {
  if (ids_.empty()) return stem(id);
  return ids_.at(static_cast<size_t>(id));
}

void ImageList::inspect(int64_t id, Inspection& inspection) const { inspection.check_image(name(id), {}); }

}  // namespace glid
