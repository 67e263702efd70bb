// COCO 2017's panoptic division: 80 things and 53 kinds of stuff, a PNG of segment ids an image.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/data/files_config.h"

namespace glid {

class PanopticIndex;
struct PanopticJson;

// root/annotations/panoptic_train2017.json with the folder panoptic_train2017/ of PNGs beside it and root/train2017/ of
// images; val likewise, all or some without "2017". Samples are the annotated images, ascending by id; classes are numbered
// in the order of their ids (COCO's 1 to 200 become 0 to 132).
class CocoPanoptic : public AnnotatedDataset {
 public:
  struct Config : FilesConfig {
    static constexpr std::string_view kName = "coco_panoptic";
    static constexpr PublishedSet kPublished{118287, "COCO 2017's"};
  };

  // Throws DataError when something of it is missing or can't be used.
  CocoPanoptic(const Config& config, Split split);
  // Of what the split's file holds, or a part of it.
  CocoPanoptic(const Config& config, Split split, PanopticJson json);
  ~CocoPanoptic() override;
  // Whether there are annotations of this split.
  static bool has(const Config& config, Split split);

  int64_t size() const override { return std::ssize(samples_); }
  // Throws DataError too when the image or its PNG has another size than the other or the JSON, and for segments that the
  // JSON doesn't list.
  Sample get(int64_t id) const override;
  std::string name(int64_t id) const override { return sample(id).file.string(); }
  Fingerprint fingerprint() const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  ImageId image_id(int64_t id) const override { return sample(id).image; }
  void inspect(int64_t id, Inspection& inspection) const override;
  void inspect_list(Inspection& inspection) const override;

 private:
  struct Entry {
    ImageId image;
    std::filesystem::path file;
    int64_t height, width;  // 0: not known
    size_t annotation;
  };
  const Entry& sample(int64_t id) const { return samples_.at(static_cast<size_t>(id)); }

  std::unique_ptr<const PanopticIndex> index_;
  std::filesystem::path images_;
  std::vector<Entry> samples_;
  Vocabulary vocabulary_;
};

}  // namespace glid
