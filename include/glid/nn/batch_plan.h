// How a batch of images is seen: images of any sizes laid end to end, without padding between them.
//
// Pixels are rows of units [units, U, U, 3] and a stage's tokens are [T_s, C_s], image after image, unit-major inside an
// image. An image of a size that units don't divide lies in the grid rounded up; what is added is 0 after normalisation,
// and positions run over the valid size.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "glid/nn/plan_tensors.h"

namespace glid {

// The part of a grid that an image covers, counted in units (of 8 x 8 patches); fractional where units don't divide it.
struct ValidUnits {
  double height = 0, width = 0;
  bool operator==(const ValidUnits&) const = default;
};

// Images one after another that are alike in grid, number of visible units and valid size.
struct ImageRun {
  std::shared_ptr<const PlanTensors> plan;
  ValidUnits valid;

  bool is_padded() const {
    return valid.height < static_cast<double>(plan->grid.height) || valid.width < static_cast<double>(plan->grid.width);
  }
};

// Images [first, first + count) of a batch.
struct ImageRange {
  int64_t first = 0, count = 0;
};

// What a range takes of one run.
struct RunPart {
  const ImageRun* run = nullptr;
  int64_t first = 0, count = 0;                   // images of the run
  std::array<int64_t, kNumStages> first_token{};  // of them, a row of the batch's tokens
};

struct BatchPlan {
  std::vector<ImageRun> runs;

  int64_t num_images() const;
  int64_t num_tokens(int stage) const;
  int64_t num_units() const;
  ImageRange all() const { return {0, num_images()}; }
  // What the range takes of each run that it meets, in order.
  std::vector<RunPart> parts(const ImageRange& range) const;
};

// f(tokens [T_r, C] of a run, the run) -> [T_r, C'] for every run, laid end to end. An image may have more rows `beside` its
// tokens, a class token.
using RunFunction = std::function<at::Tensor(const at::Tensor& tokens, const ImageRun& run)>;
at::Tensor over_runs(const at::Tensor& tokens, const BatchPlan& plan, int stage, const RunFunction& f, int64_t beside = 0);

// The rows of the visible units among [units, ..].
at::Tensor visible_units(const at::Tensor& units, const BatchPlan& plan);
// The cells of the hidden units of the images, [B, N]; all images must have equally many.
at::Tensor hidden_cells(const BatchPlan& plan);

// One value an image [B] -> one a token of the stage [T_s], or a row where images have more `beside` them.
at::Tensor per_token(const at::Tensor& values, const BatchPlan& plan, int stage, int64_t beside = 0);

// Pixels [units, U, U, 3] with zeros where they are not of an image.
at::Tensor without_padding(const at::Tensor& units, const BatchPlan& plan);

// Plans of whole images: they depend on the grid, the windows and the number of images alone, so they are made once and kept
// on their device, the last used ones of `max_units` units together, at least one (about 5 KB a unit, 5 MB an image of
// 800 x 1344 px). Safe to use from several threads.
class WholeImagePlans {
 public:
  explicit WholeImagePlans(int64_t max_units = 64 * 25 * 42);
  ~WholeImagePlans();
  std::shared_ptr<const PlanTensors> get(const UnitGrid& grid, int64_t num_images, const StageWindows& windows,
                                         const at::Device& device);
  size_t size() const;

 private:
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

}  // namespace glid
