// Samples of which only a part of the image is decoded: the one that training will look at (no LibTorch).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "glid/data/dataset.h"
#include "glid/formats/image_part.h"

namespace glid {

// A dataset that can read parts of its images; beside Dataset's, this is a base of it.
class PartReader {
 public:
  virtual ~PartReader() = default;
  // As get(id); of the image, only pixels in the part are right.
  virtual Sample get_part(int64_t id, const PartOfImage& part) const = 0;
};

// The same of any dataset: all of the image where it can't read parts.
Sample get_part(const Dataset& dataset, int64_t id, const PartOfImage& part);

// The part of an image of height x width pixels that the sample's key will look at.
using PartByKey = std::function<Box(int64_t height, int64_t width, const SampleKey& key)>;

// A dataset as the decode threads see it when the part is known before an image is read.
class PartlyRead : public Dataset {
 public:
  PartlyRead(std::shared_ptr<const Dataset> all, PartByKey part);

  // Only pixels in the key's part of the image are right.
  Sample get(const SampleKey& key) const;

  int64_t size() const override { return all_->size(); }
  Sample get(int64_t id) const override { return all_->get(id); }
  Targets targets(int64_t id) const override { return all_->targets(id); }
  std::string name(int64_t id) const override { return all_->name(id); }
  Fingerprint fingerprint() const override { return all_->fingerprint(); }

 private:
  std::shared_ptr<const Dataset> all_;
  PartByKey part_;
};

}  // namespace glid
