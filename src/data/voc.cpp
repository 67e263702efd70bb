#include "glid/data/voc.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/data/inspection.h"
#include "glid/formats/image_file.h"
#include "glid/formats/other_images.h"
#include "glid/formats/text_lines.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

fs::path list_file(const fs::path& root, Split split) {
  return root / "ImageSets" / "Main" / format("{}.txt", split_name(split));
}

// What a split is made of: the images of root/JPEGImages by name, with any extension that folders of images may have.
class Files {
 public:
  explicit Files(const fs::path& root) : root_(root), images_(images_below(root / "JPEGImages")) {}

  // <name>.jpg where there is no image of that name at all.
  fs::path image(const std::string& name) const {
    const auto found = images_.find(name);
    return found == images_.end() ? root_ / "JPEGImages" / (name + ".jpg") : found->second;
  }
  fs::path xml(const std::string& name) const { return root_ / "Annotations" / (name + ".xml"); }
  bool has(const std::string& name) const { return images_.contains(name) || fs::exists(xml(name)); }

 private:
  // Those of other formats too: reading them names the format. Of several of one name the first of kImageExtensions.
  static std::map<std::string, fs::path> images_below(const fs::path& folder) {
    std::map<std::string, std::pair<size_t, fs::path>> best;
    if (!fs::is_directory(folder)) return {};
    for (const std::string& name : files_below(folder)) {
      const fs::path file = folder / name;
      if (!has_extension(file, kImageExtensions) && !has_other_extension(file)) continue;
      const auto rank = static_cast<size_t>(std::ranges::find(kImageExtensions, small_extension(file)) - kImageExtensions);
      const auto [other, is_new] = best.emplace(fs::path(name).replace_extension().string(), std::pair{rank, file});
      if (!is_new && rank < other->second.first) other->second = {rank, file};
    }
    std::map<std::string, fs::path> images;
    for (auto& [name, ranked] : best) images.emplace(name, std::move(ranked.second));
    return images;
  }

  fs::path root_;
  std::map<std::string, fs::path> images_;
};

// A line is a name, which may have blanks. Lists of one class have -1, 0 or 1 behind it.
std::string name_in(const std::string& line, const Files& files) {
  constexpr std::string_view kMarks[] = {"-1", "0", "1"};
  const size_t blank = line.find_last_of(" \t");
  if (blank == std::string::npos || files.has(line) || std::ranges::find(kMarks, line.substr(blank + 1)) == std::end(kMarks))
    return line;
  return line.substr(0, line.find_last_not_of(" \t", blank) + 1);
}

std::vector<std::string> read_names(const fs::path& file, const Files& files) {
  const std::string text = read_file(file);
  std::vector<std::string> names;
  for (const std::string_view line : text_lines(text))
    if (!line.empty()) names.push_back(name_in(std::string(line), files));
  if (names.empty()) throw DataError(file.string(), "names no image");
  return names;
}

Instance to_instance(const VocObject& object, int64_t id, int64_t category) {
  return {.id = id,
          .category = category,
          .box = object.box,
          .area = to_xywh(object.box).area(),
          .is_difficult = object.difficult};
}

}  // namespace

Voc::Voc(const Config& config, Split split) : root_(config.root), entries_(read_entries(root_, split)) {
  if (!config.classes.empty()) vocabulary_.objects = numbered_classes(config.classes);
  else if (split == Split::kTrain || !has(config, Split::kTrain))
    vocabulary_.objects = numbered_classes(class_names(entries_));
  else vocabulary_.objects = numbered_classes(class_names(read_entries(root_, Split::kTrain)));
}

bool Voc::has(const Config& config, Split split) { return fs::exists(list_file(config.root, split)); }

std::vector<Voc::Entry> Voc::read_entries(const fs::path& root, Split split) {
  std::vector<Entry> entries;
  const Files files(root);
  for (const std::string& name : read_names(list_file(root, split), files)) {
    Entry entry{files.image(name), files.xml(name), {}, {}};
    try {
      entry.annotation = read_voc_xml(entry.xml);
    } catch (const DataError& error) {
      entry.error = error.what();
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<std::string> Voc::class_names(const std::vector<Entry>& entries) {
  std::set<std::string> names;
  for (const Entry& entry : entries)
    for (const VocObject& object : entry.annotation.objects) names.insert(object.name);
  return {names.begin(), names.end()};
}

int64_t Voc::find_class(const std::string& name) const {
  const auto& classes = vocabulary_.objects;
  const auto found = std::find_if(classes.begin(), classes.end(), [&](const auto& c) { return c.name == name; });
  return found == classes.end() ? -1 : found - classes.begin();
}

Sample Voc::get(int64_t id) const {
  const Entry& entry = this->entry(id);
  if (!entry.error.empty()) throw DataError("", entry.error);
  Sample sample{id, name(id), read_image_of_size(entry.image, {entry.annotation.height, entry.annotation.width}), {}};
  for (const VocObject& object : entry.annotation.objects) {
    const int64_t category = find_class(object.name);
    if (category < 0)
      throw DataError(entry.xml.string(), "has an object of a class that the dataset doesn't have", object.name,
                      "data.classes lists them");
    sample.targets.instances.push_back(to_instance(object, std::ssize(sample.targets.instances) + 1, category));
  }
  return sample;
}

Fingerprint Voc::fingerprint() const {
  Fingerprint print;
  for (const Entry& entry : entries_)
    for (const fs::path* file : {&entry.image, &entry.xml}) add_file(print, *file, root_);
  return print;
}

void Voc::inspect_list(Inspection& inspection) const {
  std::vector<fs::path> files;
  for (const Entry& entry : entries_) files.push_back(entry.xml);
  add_repeated(files, inspection);
}

void Voc::inspect(int64_t id, Inspection& inspection) const {
  const Entry& entry = this->entry(id);
  const SizePx declared{entry.annotation.height, entry.annotation.width};
  const SizePx size = inspection.check_image(entry.image, declared);
  if (!fs::exists(entry.xml)) return inspection.add(Defect::kMissingAnnotation, entry.xml.string());
  if (!entry.error.empty()) return inspection.add_reason(Defect::kUnreadableAnnotation, entry.xml.string(), entry.error);
  if (entry.annotation.objects.empty()) inspection.add(Defect::kNoAnnotations, name(id));
  int64_t number = 0;
  for (const VocObject& object : entry.annotation.objects) {
    const std::string where = format("{}: object {} ({})", entry.xml.string(), ++number, object.name);
    const int64_t category = find_class(object.name);
    if (category < 0) inspection.add(Defect::kUnknownClass, where, object.name);
    else inspection.count_object(category);
    inspection.check_box(object.box, declared.is_known() ? declared : size, where);
  }
}

}  // namespace glid
