// NYU Depth v2, and other pictures with depth that are laid out like it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/data/files_config.h"
#include "glid/formats/nyu_lists.h"
#include "glid/formats/nyu_mat.h"

namespace glid {

// One of two layouts:
// - BTS's and AdaBins': list files, and the frames they name below root/sync/ (training) or root/official_splits/test/
//   (validation), or below root itself where there is no such folder.
// - the authors': root/nyu_depth_v2_labeled.mat with root/splits.mat, used where there is no list file. Depth is rawDepths,
//   as in the other layout; the border of the pictures stays.
class NyuDepthV2 : public AnnotatedDataset {
 public:
  struct Config : FilesConfig {
    static constexpr std::string_view kName = "nyu_depth";
    static constexpr PublishedSet kPublished{24231, "NYU Depth v2's"};
    std::string train_list = "nyudepthv2_train_files_with_gt.txt";
    std::string val_list = "nyudepthv2_test_files_with_gt.txt";
    double depth_scale = 1000;

    template <class V>
    void fields(V& v) {
      FilesConfig::fields(v);
      v("train_list", train_list,
        "list of training frames, relative to root; without it root/nyu_depth_v2_labeled.mat is read", config::path());
      v("val_list", val_list, "the same for validation", config::path());
      v("depth_scale", depth_scale, "units of the depth PNGs in a metre", config::positive());
    }
  };

  NyuDepthV2(const Config& config, Split split);
  static bool has(const Config& config, Split split);

  // Whether its images are files, not frames of the .mat.
  bool has_files() const { return !mat_; }

  int64_t size() const override;
  // Throws DataError too when image and depth differ in size.
  Sample get(int64_t id) const override;
  std::string name(int64_t id) const override;
  Fingerprint fingerprint() const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void inspect(int64_t id, Inspection& inspection) const override;
  void inspect_list(Inspection& inspection) const override;

 private:
  std::filesystem::path file(const std::string& listed) const { return folder_ / listed; }
  const NyuPair& pair(int64_t id) const { return list_.pairs.at(static_cast<size_t>(id)); }
  void inspect_pair(const NyuPair& pair, Inspection& inspection) const;

  std::filesystem::path list_file_, folder_;
  double depth_scale_;
  NyuList list_;
  std::optional<NyuLabeledMat> mat_;  // then frames_ instead of list_
  std::vector<int64_t> frames_;
  Vocabulary vocabulary_;
};

}  // namespace glid
