#include "glid/data/persons.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/rng.h"
#include "glid/formats/coco_results.h"

namespace glid {
namespace {

double last_index(int64_t size) {
  return size > 0 ? static_cast<double>(size - 1) : std::numeric_limits<double>::infinity();
}

bool is_empty(const Box& box) { return !(box.x0 < box.x1 && box.y0 < box.y1); }

bool has_labelled_joint(const CocoIndex& index, const CocoAnnotation& annotation) {
  if (annotation.has_num_keypoints) return annotation.num_keypoints > 0;
  const auto numbers = index.keypoints(annotation);
  for (size_t i = 2; i < numbers.size(); i += 3)
    if (numbers[i] > 0) return true;
  return false;
}

bool is_to_be_found(const CocoIndex& index, const CocoAnnotation& annotation) {
  return annotation.has_keypoints && !annotation.is_crowd && has_labelled_joint(index, annotation);
}

std::vector<Person> persons_in_their_boxes(const CocoIndex& index) {
  std::vector<Person> persons;
  for (size_t image = 0; image < index.images().size(); ++image) {
    const auto numbers = index.annotations_of(image);
    for (size_t i = 0; i < numbers.size(); ++i) {
      const CocoAnnotation& annotation = index.annotations()[numbers[i]];
      const bool has_area = !annotation.has_area || annotation.area > 0;
      const Box box =
          cleaned_person_box(to_corners(annotation.box), index.images()[image].height, index.images()[image].width);
      if (!is_to_be_found(index, annotation) || !has_area || is_empty(box)) continue;
      persons.push_back({static_cast<int64_t>(image), 0, box, 1.0, static_cast<int64_t>(i)});
    }
  }
  return persons;
}

std::vector<Person> persons_in_boxes_of(const std::string& file, const CocoIndex& index) {
  std::vector<Person> persons;
  for (const CocoResult& result : read_person_boxes(file, index).results)
    persons.push_back({int64_t{result.image}, 0, to_corners(result.box), result.score, std::nullopt});
  return persons;
}

std::vector<int64_t> samples_of_images(const std::vector<Person>& persons, int64_t num_images) {
  std::vector<int64_t> counts(static_cast<size_t>(num_images), 0);
  for (const Person& person : persons) ++counts[static_cast<size_t>(person.image)];
  return counts;
}

// Images with persons of whom none has a box.
void add_images_without_boxes(std::vector<Person>& persons, const CocoIndex& index) {
  const std::vector<int64_t> counts = samples_of_images(persons, std::ssize(index.images()));
  for (size_t image = 0; image < counts.size(); ++image) {
    const auto numbers = index.annotations_of(image);
    const auto counts_as_missed = [&](uint32_t i) { return is_to_be_found(index, index.annotations()[i]); };
    if (counts[image] == 0 && std::ranges::any_of(numbers, counts_as_missed))
      persons.push_back({.image = static_cast<int64_t>(image)});
  }
}

void require_persons(const std::vector<Person>& persons, const CocoIndex& index) {
  if (persons.empty()) throw DataError(index.where(), "has no person with a labelled joint");
}

}  // namespace

Box cleaned_person_box(const Box& box, int64_t image_height, int64_t image_width) {
  const double x0 = std::max(0.0, box.x0), y0 = std::max(0.0, box.y0);
  return {x0, y0, std::min(last_index(image_width), x0 + std::max(0.0, box.x1 - box.x0 - 1)),
          std::min(last_index(image_height), y0 + std::max(0.0, box.y1 - box.y0 - 1))};
}

Person person_of(const Sample& sample) {
  const Targets& targets = sample.targets;
  if (targets.person) return *targets.person;
  if (targets.instances.size() != 1 || targets.instances[0].keypoints.empty())
    throw DataError(sample.name, "must be a picture of one person with joints",
                    format("{} objects", targets.instances.size()), "data.name: coco_pose, or scenes of kind figures");
  const Box box = cleaned_person_box(targets.instances[0].box, sample.image.height, sample.image.width);
  if (is_empty(box)) throw DataError(sample.name, "has a person in an empty box");
  return {sample.id, 1, box, 1.0, 0};
}

Persons Persons::to_train_on(std::shared_ptr<const Coco> images) {
  std::vector<Person> persons = persons_in_their_boxes(images->index());
  require_persons(persons, images->index());
  return {std::move(images), std::move(persons)};
}

Persons Persons::to_find(std::shared_ptr<const Coco> images, const std::string& boxes) {
  const CocoIndex& index = images->index();
  std::vector<Person> persons = boxes == "truth" ? persons_in_their_boxes(index) : persons_in_boxes_of(boxes, index);
  add_images_without_boxes(persons, index);
  require_persons(persons, index);
  return {std::move(images), std::move(persons)};
}

Persons Persons::in_boxes(std::shared_ptr<const AnnotatedDataset> images, std::vector<Person> persons) {
  const std::vector<int64_t> counts = samples_of_images(persons, images->size());
  for (int64_t image = 0; image < images->size(); ++image)
    if (counts[static_cast<size_t>(image)] == 0) persons.push_back({.image = image});
  return {std::move(images), std::move(persons)};
}

Persons::Persons(std::shared_ptr<const AnnotatedDataset> images, std::vector<Person> persons)
    : images_(std::move(images)), persons_(std::move(persons)) {
  std::ranges::stable_sort(persons_, {}, &Person::image);
  const std::vector<int64_t> counts = samples_of_images(persons_, images_->size());
  for (Person& person : persons_) person.of_image = counts[static_cast<size_t>(person.image)];
}

Sample Persons::get(int64_t id) const {
  Sample sample = images_->get(person(id).image);
  sample.id = id;
  sample.name = name(id);
  sample.targets.person = person(id);
  return sample;
}

Targets Persons::targets(int64_t id) const {
  Targets targets = images_->targets(person(id).image);
  targets.person = person(id);
  return targets;
}

std::string Persons::name(int64_t id) const { return format("{}, person {}", images_->name(person(id).image), id); }

Fingerprint Persons::fingerprint() const {
  Fingerprint print = images_->fingerprint();
  for (const Person& p : persons_)
    print.names = stable_hash(
        format("{} {} {} {} {} {}", p.image, p.box.x0, p.box.y0, p.box.x1, p.box.y1, p.score.value_or(-1)), print.names);
  return print;
}

void Persons::inspect(int64_t id, Inspection& inspection) const { images_->inspect(person(id).image, inspection); }

}  // namespace glid
