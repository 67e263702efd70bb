// 16-bit copies of weights for products under autocast, which would cast each weight by itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <unordered_map>
#include <vector>

namespace glid {

// A weight as a product reads it: itself, or under autocast in its 16 bits, cast once in a region. Gradients of all its uses
// in the region add up in 16 bits, as autocast has them, and reach the weight as floats. Undefined stays undefined.
at::Tensor autocast_weight(const at::Tensor& weight);

// What a region has instead of its weights, by weight.
struct LentWeights {
  std::unordered_map<const c10::TensorImpl*, at::Tensor> copies;

  // Of this thread's region; null: none.
  static std::shared_ptr<const LentWeights> current();

  // The same weights once more, in the backward pass, while it lives.
  class Again {
   public:
    explicit Again(std::shared_ptr<const LentWeights> weights);
    ~Again();
    Again(const Again&) = delete;
    Again& operator=(const Again&) = delete;

   private:
    std::shared_ptr<const LentWeights> before_;
  };
};

// The copies of one model, for one thread at a time. A region of autocast copies all weights that the regions before it
// asked for, in one multi-tensor operation: a copy is never older than its region, whoever wrote to the weight. Bits are
// those of autocast's own casts. GLID_WEIGHT_COPIES=0 in the environment leaves them to autocast, to compare.
class WeightCopies {
 public:
  // A region of autocast in this thread, while it lives; nothing where autocast is off, or without copies.
  class Region {
   public:
    Region(WeightCopies* copies, c10::DeviceType device);
    ~Region();
    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;

   private:
    WeightCopies* copies_ = nullptr;
    std::shared_ptr<const LentWeights> before_;
    std::vector<at::Tensor>* asked_before_ = nullptr;
    std::vector<at::Tensor> asked_;  // in vain, of this region
  };

  int64_t size() const { return std::ssize(weights_); }

 private:
  std::shared_ptr<const LentWeights> lend(at::ScalarType type);
  void require_memory(at::ScalarType type);

  std::vector<at::Tensor> weights_, memory_;  // in the order of their first use
};

}  // namespace glid
