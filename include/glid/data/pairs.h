// A folder of images and a folder of PNGs of the same names: people's own semantic segmentation or depth.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/data/files_config.h"
#include "glid/data/inspection.h"
#include "glid/formats/pairs.h"

namespace glid {

// What the PNGs are.
enum class PairTarget { kLabels, kDepth };
constexpr auto enum_names(PairTarget) {
  return std::to_array<config::Named<PairTarget>>({{PairTarget::kLabels, "labels", "semantic classes"},
                                                   {PairTarget::kDepth, "depth", "16-bit distances, 0 where unknown"}});
}

// root/images/{train,val} and root/labels/{train,val} (depth: root/depth/{train,val}). Without those folders all of
// root/images and root/labels, of which a tenth, chosen by a hash of the names, is the validation set. Files match by
// relative path without extension; those without a partner are left out.
class Pairs : public AnnotatedDataset {
 public:
  struct Config : FilesConfig {
    static constexpr std::string_view kName = "pairs";
    PairTarget target = PairTarget::kLabels;
    double depth_scale = 1000;
    std::vector<std::string> classes;
    int64_t num_classes = 0;
    int64_t ignore_label = kIgnoreLabel;
    bool reduce_zero_label = false;

    template <class V>
    void fields(V& v) {
      FilesConfig::fields(v);
      v("target", target, "what the PNGs are, and the name of their folder");
      v("depth_scale", depth_scale, "units of the depth PNGs in a metre", config::positive());
      v("classes", classes, "names of the classes, in order");
      v("num_classes", num_classes, "their number; 0: that of the names or, without names, 255: nothing is out of range",
        config::in_range(0, kIgnoreLabel));
      v("ignore_label", ignore_label, "label of pixels without a class", config::in_range(0, 65535));
      v("reduce_zero_label", reduce_zero_label, "label 0 is no class and label n the class n - 1");
    }
    void check(config::Problems& problems) const;
  };

  Pairs(const Config& config, Split split);
  static bool has(const Config& config, Split split);

  int64_t size() const override { return std::ssize(pairs_); }
  // Throws DataError too when image and label differ in size or a label is out of range.
  Sample get(int64_t id) const override;
  std::string name(int64_t id) const override { return pair(id).image.string(); }
  Fingerprint fingerprint() const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  ImageId image_id(int64_t id) const override { return pair(id).stem; }
  void inspect(int64_t id, Inspection& inspection) const override;
  void inspect_list(Inspection& inspection) const override;

 private:
  const FilePair& pair(int64_t id) const { return pairs_.at(static_cast<size_t>(id)); }

  std::filesystem::path root_;
  PairTarget target_;
  double depth_scale_;
  LabelCoding coding_;
  std::vector<FilePair> pairs_;
  std::vector<std::filesystem::path> images_without_label_, labels_without_image_;
  OtherImages others_;
  Vocabulary vocabulary_;
};

}  // namespace glid
