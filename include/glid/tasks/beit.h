// BEiT (Bao et al., ICLR 2022; microsoft/unilm, beit/modeling_pretrain.py): the encoder sees the whole image, with a learned
// token in the place of every patch of a hidden unit; a linear layer on its last tokens names the code that each hidden unit
// is most like, scored by cross-entropy. No decoder.
//
// The codes come from a file (codebook.h). BEiT's own are those of DALL-E's discrete VAE; those of `glid_data codebook` are
// k-means of patches, a stand-in. Beside that nothing differs: with the same codes, weights and masks the loss is the
// original's.
//   glid_data codebook --data /data/imagenet --size 8192 --out codebook.safetensors
//   glid_train --config configs/baselines/beit_vitb.yaml --set data.root=/data/imagenet
#pragma once

#include <string>
#include <string_view>

#include "glid/config/fields.h"
#include "glid/data/codebook.h"
#include "glid/tasks/mask.h"
#include "glid/tasks/pixel_task.h"
#include "glid/tasks/task.h"
#include "glid/tasks/viewer.h"

namespace glid {

// Keys of masks of blocks.
struct BlockMaskConfig : BlockMask {
  template <class V>
  void fields(V& v) {
    v("masked", hidden, "units that are hidden, at most: blocks stop fitting before", config::positive());
    v("smallest_block", smallest, "units of the smallest block", config::positive());
    v("largest_block", largest, "units of the largest; null: as many as are left to hide", config::positive());
  }
  void check(config::Problems& problems) const;
  // Whether pictures of so many units can be masked so; paths as seen from the whole configuration.
  void check_grid(const UnitGrid& grid, config::Problems& problems) const;
};

struct BeitConfig : ImagesAlone {
  static constexpr std::string_view kName = "beit";
  std::string codebook;
  BlockMaskConfig hiding;
  double crop_area = 0.08;
  double colour_jitter = 0.4;

  template <class V>
  void fields(V& v) {
    v.required("codebook", codebook, "file of codes, as glid_data codebook makes it; it must stay as it is during a run",
               config::path());
    hiding.fields(v);
    v("crop_area", crop_area, "smallest part of an image's area that a random crop has", config::in_range(0.01, 1));
    v("colour_jitter", colour_jitter,
      "torchvision's ColorJitter of brightness, contrast and saturation of training pictures; 0: none",
      config::in_range(0, 1));
  }
  void check(config::Problems& problems) const { hiding.check(problems); }
  HeadInput input() const { return HeadInput::kEncoder; }
  void check_grid(const UnitGrid& grid, config::Problems& problems) const { hiding.check_grid(grid, problems); }
};

class Beit : public Task {
 public:
  // Pictures of size_px x size_px, a multiple of `shape`.unit_px(). Throws DataError for a file that is no codebook and
  // UsageError for one of other patches than the shape's units.
  Beit(const BeitConfig& config, const EncoderShape& shape, int64_t size_px);

  TaskSpec spec() const override;  // head: "codes", an output a code
  // Random crops with jittered colours to train on, the centre otherwise, seen whole. Array: "hidden" [N], cells of units,
  // where N differs from picture to picture.
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;
  LossCounts counts(const Batch& batch) const override;  // "units": the hidden ones
  // One query about the hidden units of all pictures, [B, N] with the largest N, where the first cell stands again behind
  // fewer. Target: "codes" [B, N], -1 there.
  Question ask(Batch batch, bool training) const override;
  // Cross-entropy. Diagnostic: code_accuracy, the part of an image's hidden units that are named right.
  Losses losses(std::span<const Answer> answers, const Question& question) const override;
  bool has_references() const override { return true; }
  // Cross-entropies as they are: of codes that are equally likely and, where the codebook tells, as frequent as it says.
  std::vector<Reference> references(const Question& question) const override;
  // masked; the codes as predicted, 0 (control) and right, each in the unit's own mean and deviation; original.
  std::vector<std::vector<Image>> pictures(std::span<const Answer> answers, const Question& question) const override;
  std::vector<std::string> picture_titles() const override;

  // Units' pixels [n, 3 P^2] in ImageNet's mean and deviation -> [n] int64, the code nearest to each unit in its own.
  at::Tensor codes_of(const at::Tensor& pixels) const;

 private:
  UnitGrid grid() const { return {size_px_ / shape_.unit_px(), size_px_ / shape_.unit_px()}; }
  const at::Tensor& codes_on(const at::Device& device) const;

  BeitConfig config_;
  EncoderShape shape_;
  int64_t size_px_;
  Viewer viewer_;
  mutable at::Tensor codes_;    // [K, 3 P^2], on the device that asked last
  at::Tensor log_frequencies_;  // [K] double; undefined: not known
};

}  // namespace glid
