// ADE20K SceneParse150: semantic labels, and instances of the 100 classes that are things.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glid/data/files_config.h"
#include "glid/data/inspection.h"
#include "glid/formats/ade20k.h"
#include "glid/formats/coco_json.h"

namespace glid {

class PanopticIndex;

// The root is ADEChallengeData2016 (list_ade20k tells which label folders it may hold). Instances and segments come from
// annotations_instance/ (segments: over the stuff of the labels, ade_panoptic) or, where there is no such folder, from what
// Mask2Former's prepare_ade20k_{ins,pan}_seg.py write: ade20k_instance_{train,val}.json; ade20k_panoptic_{train,val}.json
// with a folder of PNGs of that name. Without any there are none.
class Ade20k : public AnnotatedDataset {
 public:
  struct Config : FilesConfig {
    static constexpr std::string_view kName = "ade20k";
    static constexpr PublishedSet kPublished{20210, "ADE20K's"};
  };

  Ade20k(const Config& config, Split split);
  ~Ade20k() override;
  // Whether there are images of this split.
  static bool has(const Config& config, Split split);

  int64_t size() const override { return static_cast<int64_t>(listing_.frames.size()); }
  // Throws DataError too when image and labels differ in size.
  Sample get(int64_t id) const override;
  std::string name(int64_t id) const override { return frame(id).image.string(); }
  Fingerprint fingerprint() const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  ImageId image_id(int64_t id) const override { return frame(id).name; }
  void inspect(int64_t id, Inspection& inspection) const override;
  void inspect_list(Inspection& inspection) const override;

 private:
  const AdeFrame& frame(int64_t id) const { return listing_.frames.at(static_cast<size_t>(id)); }
  void read_instances(const AdeFrame& frame, Sample& sample) const;
  void read_segments(const AdeFrame& frame, Sample& sample) const;
  void check_segments(const AdeFrame& frame, const SizePx& image, Inspection& inspection) const;
  void check_instances(const AdeFrame& frame, const SizePx& image, Inspection& inspection) const;

  std::filesystem::path root_;
  AdeListing listing_;
  std::optional<CocoIndex> prepared_;  // instances from the JSON
  std::vector<int64_t> categories_;    // of the JSON: 0 to 99 for each
  std::unique_ptr<const PanopticIndex> prepared_segments_;
  Vocabulary vocabulary_;
};

}  // namespace glid
