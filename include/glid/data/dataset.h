// A list of samples that can be read in any order, from many threads (no LibTorch).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "glid/data/sample.h"

namespace glid {

enum class Split { kTrain, kVal };

// What tells one list of samples from another, the same on every machine and wherever the files lie.
struct Fingerprint {
  uint64_t names = 0;  // which samples there are, and their order
  uint64_t sizes = 0;  // bytes of their files: another one where files were repaired or replaced
  bool operator==(const Fingerprint&) const = default;
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  // Sample `id`, 0 <= id < size(). Throws DataError when its file can't be read: the loader counts that as a bad file.
  virtual Sample get(int64_t id) const = 0;
  // What is known about it, without its pixels where the data set can tell. Throws as get() does.
  virtual Targets targets(int64_t id) const { return get(id).targets; }
  // Its name without reading it.
  virtual std::string name(int64_t id) const = 0;
  // May take a while: it looks at every file.
  virtual Fingerprint fingerprint() const = 0;
};

// What the numbers in Targets stand for, and so what a set knows: boxes if it has `objects`, labels if it has `labels`, and
// so on. A task that needs more says so before anything is read.
struct Vocabulary {
  struct Class {
    int64_t id = 0;  // the number in the dataset's files
    std::string name;
    bool operator==(const Class&) const = default;
  };
  struct Limb {
    int64_t from = 0, to = 0;  // indices into joints
    bool operator==(const Limb&) const = default;
  };
  std::vector<Class> images;    // Targets::label
  std::vector<Class> objects;   // Instance::category
  std::vector<Class> labels;    // Targets::semantic
  std::vector<Class> segments;  // SegmentInfo::category
  std::vector<bool> is_thing;   // of each of `segments`
  std::vector<std::string> joints;
  std::vector<Limb> limbs;
  bool has_masks = false;  // Instance::mask, of some objects at least
  bool has_depth = false;  // Targets::depth
  bool operator==(const Vocabulary&) const = default;
};

// What the dataset's files call an image: a number (COCO) or a name.
using ImageId = std::variant<int64_t, std::string>;

class Inspection;  // glid/data/inspection.h

// A dataset that tells what it holds, for `glid_data check` and `glid_data show`.
class AnnotatedDataset : public Dataset {
 public:
  virtual const Vocabulary& vocabulary() const = 0;
  // Of the image that sample `id` shows, ascending with it (numbers by value, names by bytes): the names of result files.
  virtual ImageId image_id(int64_t id) const { return id; }
  // The name of that image, which several samples may share.
  virtual std::string image_name(int64_t id) const { return name(id); }
  // Looks at all of sample `id`, counts what it finds and lists what is wrong with it; a defect of one file doesn't keep it
  // from the others. Safe to call from many threads with an inspection each.
  virtual void inspect(int64_t id, Inspection& inspection) const = 0;
  // The same for what belongs to no sample.
  virtual void inspect_list(Inspection& /*inspection*/) const {}
};

}  // namespace glid
