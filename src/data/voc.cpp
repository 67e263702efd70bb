#include "glid/data/voc.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/data/inspection.h"
#include "glid/formats/pairs.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

fs::path list_file(const fs::path& root, Split split) {
  return root / "ImageSets" / "Main" / format("{}.txt", split_name(split));
}

// The first word of every line: lists of one class have a second one.
std::vector<std::string> read_names(const fs::path& file) {
  std::vector<std::string> names;
  std::istringstream lines(read_file(file));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    if (std::string name; words >> name) names.push_back(name);
  }
  if (names.empty()) throw DataError(file.string(), "names no image");
  return names;
}

// <name>.jpg where there is no file of that name at all.
fs::path find_image(const fs::path& root, const std::string& name) {
  const fs::path folder = root / "JPEGImages";
  for (const std::string_view extension : kImageExtensions)
    if (fs::path file = folder / (name + std::string(extension)); fs::exists(file)) return file;
  return folder / (name + ".jpg");
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
  for (const std::string& name : read_names(list_file(root, split))) {
    Entry entry{find_image(root, name), root / "Annotations" / (name + ".xml"), {}, {}};
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

uint64_t Voc::fingerprint() const {
  uint64_t hash = 0;
  for (const Entry& entry : entries_) hash = hash_file(entry.xml, root_, hash_file(entry.image, root_, hash));
  return hash;
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
