// Which visible tokens attend to each other: the one place where masked and whole images differ (no LibTorch).
//
// An image is a grid of units of 8x8 patches; the encoder sees whole units only. Tokens are stored unit-major: sample,
// visible unit, then row-major inside the unit (8x8, 4x4, 2x2, 1 tokens at stages 0-3). Swin's shifted windows become
// lists of token rows: token (y, x) lies in window floor((y + (w - s) mod w) / w) per axis, without a cyclic roll, so
// windows at the border are simply smaller. That equals roll + region mask (microsoft/Swin-Transformer), because
// regions that the roll brings together never attend to each other.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace glid {

inline constexpr int kNumStages = 4;
inline constexpr int64_t kUnitSide = 8;  // patches along a unit's side
using StageWindows = std::array<int64_t, kNumStages>;

// Tokens along a unit's side at `stage`.
constexpr int64_t unit_side(int stage) { return kUnitSide >> stage; }

// The units of an image.
struct UnitGrid {
  int64_t height = 0, width = 0;
  int64_t size() const { return height * width; }
  bool operator==(const UnitGrid&) const = default;
};

// The grid of an image of height x width pixels; a UsageError names `where` if units of `unit_px` don't divide it.
UnitGrid unit_grid(int64_t height_px, int64_t width_px, int64_t unit_px, const std::string& where);

// Windows of one length L, fillers included. In a sample's plan, rows count from the sample's first token.
struct WindowBucket {
  static constexpr int64_t kPhantomRow = -1;  // a padded place of the reference: a key without a token
  static constexpr int64_t kFillerRow = -2;   // makes lengths equal; attended by nobody
  int64_t length = 0;
  std::vector<int64_t> rows;   // [windows * L]
  std::vector<int64_t> codes;  // [windows * L] y * (2w - 1) + x inside the window: differences index the bias table
};

struct SamplePlan {
  UnitGrid grid;
  StageWindows windows{};
  std::vector<int64_t> visible, hidden;  // unit indices, row-major in the grid, ascending
  // [stage][shifted]: empty where a stage has one window (its shifted blocks use the plain plan).
  std::array<std::array<std::vector<WindowBucket>, 2>, kNumStages> buckets;

  int64_t num_tokens(int stage) const { return static_cast<int64_t>(visible.size()) * unit_side(stage) * unit_side(stage); }
};

// The plan of an image of which only the units `visible` (ascending, not empty) are seen. With all units visible and a
// grid that windows don't divide, the padded keys of the reference become phantom rows; with a mask, padding is hidden. A
// stage whose window is 0 has none: its buckets stay empty.
SamplePlan plan_sample(const UnitGrid& grid, std::vector<int64_t> visible, const StageWindows& windows);
SamplePlan plan_whole_image(const UnitGrid& grid, const StageWindows& windows);

// One bucket of a batch.
struct BatchBucket {
  int64_t length = 0;           // L
  int64_t num_windows = 0;      // W
  int64_t num_layouts = 0;      // D, divides W: window w looks like layout w mod D
  std::vector<int64_t> rows;    // [W * L] rows of the batch's token matrix; phantom and filler = T
  std::vector<int64_t> codes;   // [D * L]
  std::vector<uint8_t> filler;  // [W * L], 1 = filler; empty if there is none
};

struct ShiftPlan {
  int64_t window = 0;          // w: the bias table has (2w - 1)^2 rows
  bool needs_phantom = false;  // some row is T
  std::vector<BatchBucket> buckets;
  std::vector<int64_t> inverse;  // [T] where a token's row stands in the buckets laid end to end
};

// The plans of samples with equal grids and equally many visible units, as one.
struct WindowPlan {
  UnitGrid grid;
  int64_t batch = 0, num_visible = 0;                       // B samples, K visible units each
  std::vector<int64_t> visible;                             // [B * K] unit indices within the sample
  std::vector<int64_t> hidden;                              // [B * N]
  std::array<std::array<ShiftPlan, 2>, kNumStages> shifts;  // [stage][shifted]

  // The windows of a block; a stage that is one window has no shifted ones.
  const ShiftPlan& windows(int stage, bool shifted) const {
    return shifts[stage][shifted && !shifts[stage][1].buckets.empty()];
  }
  int64_t num_hidden() const { return grid.size() - num_visible; }
  int64_t num_units() const { return batch * grid.size(); }
  int64_t tokens_per_sample(int stage) const { return num_visible * unit_side(stage) * unit_side(stage); }
};

// Samples that are alike in grid, number of visible units and windows; anything else is our mistake.
bool are_alike(const SamplePlan& a, const SamplePlan& b);
WindowPlan collate(std::span<const SamplePlan> samples);

}  // namespace glid
