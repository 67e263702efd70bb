// The persons of images, one a sample: what top-down pose estimation trains on, is measured by and predicts (no LibTorch).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "glid/data/coco.h"

namespace glid {

// mmpose's cleaning of an annotated box: moved into the image, its far corner the last pixel's index. Empty boxes stay
// empty. A size of 0 is unknown.
Box cleaned_person_box(const Box& box, int64_t image_height, int64_t image_width);

// The person whom a sample is about: targets.person, or the only instance of its picture, in its cleaned box. Throws
// DataError when there are no joints or several instances.
Person person_of(const Sample& sample);

// A sample is a person with their image, and with everything known about it. Persons are in the order of the images, those
// of an image in the file's.
class Persons : public AnnotatedDataset {
 public:
  // Those that mmpose trains on, in their cleaned boxes, which must not be empty: with a labelled joint, with an area, no
  // crowds. Throws DataError when there are none.
  static Persons to_train_on(std::shared_ptr<const Coco> images);
  // Boxes of the truth, as above (`boxes` = "truth"), or of a detector's file (read_person_boxes), whatever their score. An
  // image with persons to find but without boxes is a sample without a score, so that its persons are missed.
  static Persons to_find(std::shared_ptr<const Coco> images, const std::string& boxes);
  // Those that somebody says; an image without any is a sample without a score.
  static Persons in_boxes(std::shared_ptr<const AnnotatedDataset> images, std::vector<Person> persons);

  int64_t size() const override { return std::ssize(persons_); }
  Sample get(int64_t id) const override;
  Targets targets(int64_t id) const override;
  std::string name(int64_t id) const override;
  Fingerprint fingerprint() const override;
  const Vocabulary& vocabulary() const override { return images_->vocabulary(); }
  ImageId image_id(int64_t id) const override { return images_->image_id(person(id).image); }
  std::string image_name(int64_t id) const override { return images_->name(person(id).image); }
  // Of the person's image.
  void inspect(int64_t id, Inspection& inspection) const override;

  const Person& person(int64_t id) const { return persons_.at(static_cast<size_t>(id)); }

 private:
  Persons(std::shared_ptr<const AnnotatedDataset> images, std::vector<Person> persons);

  std::shared_ptr<const AnnotatedDataset> images_;  // Person::image is an id of its samples
  std::vector<Person> persons_;
};

}  // namespace glid
