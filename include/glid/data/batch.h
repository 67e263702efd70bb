// A micro-batch: pictures of any sizes laid end to end, with what belongs to each.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "glid/data/prepared.h"
#include "glid/nn/batch_plan.h"

namespace glid {

struct BatchImage {
  SampleKey key;     // of the sample really read
  std::string name;  // the sample's
  UnitGrid grid;     // of the picture rounded up to whole units
  int64_t group = 0;
  Placement placement;
  Targets targets;
  std::shared_ptr<const Targets> truth;
};

// Pictures one after another that are alike in size and in the number of visible units.
struct BatchRun {
  int64_t count = 0;
  std::shared_ptr<const PackedPlan> plan;  // none: they are seen whole
};

// A copy.
at::Tensor as_tensor(const Array& array);

struct BatchArray {
  at::Tensor values;             // [sum of n, ..], picture after picture
  std::vector<int64_t> lengths;  // n of every picture
};

struct Batch {
  at::Tensor units;  // uint8 [units, U, U, 3] RGB, picture after picture, units row-major; 0 beyond a picture's size
  std::vector<BatchImage> images;
  std::vector<BatchRun> runs;
  std::map<std::string, BatchArray> arrays;
  int64_t bad_files = 0;  // that could not be read on the way to these pictures

  int64_t size() const { return static_cast<int64_t>(images.size()); }
  // Where the pictures of a group lie; of a group without pictures, none.
  ImageRange range_of(int64_t group) const;
  // The batch of these pictures alone, in the same memory. Not of a part of a run of masked pictures.
  Batch part(const ImageRange& range) const;
  // The pictures of each sample: views that follow each other.
  std::vector<ImageRange> samples() const;
  // The same with its tensors on `device`; nothing waits for it.
  Batch on(const at::Device& device) const;
};

// The batch of pictures in units of `unit_px`, in the order of their groups, else as given.
struct NamedPicture {
  SampleKey key;
  std::string name;
  PreparedImage prepared;
};
Batch make_batch(std::vector<NamedPicture> pictures, int64_t unit_px, const Allocate& allocate);

}  // namespace glid
