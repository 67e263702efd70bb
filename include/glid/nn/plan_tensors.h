// A WindowPlan as tensors on a device, made once and used by every block.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "glid/nn/row_map.h"
#include "glid/nn/window_plan.h"

namespace glid {

// W windows of L places, in D layouts: window w looks like layout w mod D.
struct WindowBucketTensors {
  int64_t num_windows = 0, length = 0;
  at::Tensor bias_index;  // [D, L, L] int32 rows of the bias table
  at::Tensor key_mask;    // [W, 1, 1, L] 0, or -inf at fillers; undefined without fillers
};

struct WindowTensors {
  RowMap map;  // tokens [T] <-> places of all buckets laid end to end
  std::vector<WindowBucketTensors> buckets;
};

// Of images with one grid and one number of visible units.
struct PlanTensors {
  UnitGrid grid;
  int64_t batch = 0, num_visible = 0;        // B, K
  at::Tensor visible_units;                  // [B * K] rows of the images' units [B * grid.size()]
  at::Tensor hidden_units;                   // [B * N]
  at::Tensor hidden_cells;                   // [B, N] unit indices within the image
  std::array<RowMap, kNumStages> images;     // tokens of a stage <-> cells of [B, H_s, W_s]
  std::array<at::Tensor, kNumStages> cells;  // [B, K * side^2] the cell of every token within its image

  const WindowTensors& windows(int stage, bool shifted) const;
  int64_t height(int stage) const { return grid.height * unit_side(stage); }
  int64_t width(int stage) const { return grid.width * unit_side(stage); }
  int64_t num_units() const { return batch * grid.size(); }
  int64_t tokens_per_image(int stage) const { return num_visible * unit_side(stage) * unit_side(stage); }
  int64_t num_tokens(int stage) const { return batch * tokens_per_image(stage); }
  bool is_whole() const { return num_visible == grid.size(); }

  std::array<std::array<WindowTensors, 2>, kNumStages> shifts;
};

// A WindowPlan's numbers in one tensor, which one copy takes to a device. Made by the loader's threads.
struct PackedPlan {
  struct Bucket {
    int64_t num_windows = 0, length = 0, num_layouts = 0;
    bool has_fillers = false;
  };
  struct Shift {
    int64_t window = 0, num_tokens = 0, num_places = 0, num_empty = 0;
    std::vector<Bucket> buckets;
  };

  UnitGrid grid;
  int64_t batch = 0, num_visible = 0;
  std::array<std::array<Shift, 2>, kNumStages> shifts;
  at::Tensor numbers;  // int64

  int64_t num_hidden() const { return grid.size() - num_visible; }
};

// Gives uint8 memory of so many bytes.
using Allocate = std::function<at::Tensor(int64_t bytes)>;
PackedPlan pack(const WindowPlan& plan, const Allocate& allocate);

// Nothing waits for the device.
std::shared_ptr<const PlanTensors> to_tensors(const PackedPlan& plan, const at::Device& device);
std::shared_ptr<const PlanTensors> to_tensors(const WindowPlan& plan, const at::Device& device);

// Tokens [T, C] of a stage -> [B, C, H, W] (channels last in memory), zero where hidden; and back.
at::Tensor to_image(const at::Tensor& tokens, const PlanTensors& plan, int stage);
at::Tensor to_tokens(const at::Tensor& image, const PlanTensors& plan, int stage);

}  // namespace glid
