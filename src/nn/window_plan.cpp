#include "glid/nn/window_plan.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <stdexcept>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

// One axis of the windows over a stage's grid.
struct Axis {
  int64_t size = 0;    // tokens
  int64_t padded = 0;  // tokens with padding
  int64_t window = 0;
  int64_t offset = 0;  // (w - shift) mod w

  Axis(int64_t size, int64_t window, bool shifted) : size(size), padded(size), window(window) {
    if (size <= window) return;  // one window, never shifted
    padded = (size + window - 1) / window * window;
    if (shifted) offset = window - window / 2;
  }
  int64_t window_of(int64_t i) const { return (i + offset) / window; }
  int64_t place_of(int64_t i) const { return (i + offset) % window; }
  int64_t num_windows() const { return window_of(padded - 1) + 1; }
  int64_t longest() const { return std::min(size, window); }
};

struct Entry {
  int64_t window, code, row;
  bool operator<(const Entry& other) const { return window != other.window ? window < other.window : code < other.code; }
};

struct StageGrid {
  Axis y, x;

  Entry entry(int64_t iy, int64_t ix, int64_t row) const {
    return {y.window_of(iy) * x.num_windows() + x.window_of(ix), y.place_of(iy) * (2 * y.window - 1) + x.place_of(ix), row};
  }
};

std::vector<Entry> token_entries(const StageGrid& stage_grid, const SamplePlan& plan, int64_t side) {
  std::vector<Entry> entries;
  entries.reserve(plan.visible.size() * static_cast<size_t>(side * side));
  int64_t row = 0;
  for (const int64_t unit : plan.visible) {
    const int64_t top = unit / plan.grid.width * side, left = unit % plan.grid.width * side;
    for (int64_t y = top; y < top + side; ++y)
      for (int64_t x = left; x < left + side; ++x) entries.push_back(stage_grid.entry(y, x, row++));
  }
  return entries;
}

void add_phantoms(const StageGrid& g, std::vector<Entry>& entries) {
  for (int64_t y = 0; y < g.y.padded; ++y)
    for (int64_t x = y < g.y.size ? g.x.size : 0; x < g.x.padded; ++x)
      entries.push_back(g.entry(y, x, WindowBucket::kPhantomRow));
}

void append_window(std::map<int64_t, WindowBucket>& buckets, std::span<const Entry> window, int64_t length) {
  WindowBucket& bucket = buckets[length];
  bucket.length = length;
  for (const Entry& entry : window) {
    bucket.rows.push_back(entry.row);
    bucket.codes.push_back(entry.code);
  }
  for (int64_t i = std::ssize(window); i < length; ++i) {
    bucket.rows.push_back(WindowBucket::kFillerRow);
    bucket.codes.push_back(0);
  }
}

bool has_token(std::span<const Entry> window) {
  return std::any_of(window.begin(), window.end(), [](const Entry& e) { return e.row >= 0; });
}

bool is_one_window(const UnitGrid& grid, int stage, int64_t window) {
  return std::max(grid.height, grid.width) * unit_side(stage) <= window;
}

// Masked windows have all lengths: rounding up to 16 leaves few buckets for little padding (recipes: 39 K of 30-39 K
// scores). A stage that is one window has one length.
int64_t padded_length(int64_t length, bool exact, int64_t longest) {
  constexpr int64_t kStep = 16;
  return exact ? length : std::min((length + kStep - 1) / kStep * kStep, longest);
}

std::vector<WindowBucket> plan_windows(const SamplePlan& plan, int stage, int64_t window, bool shifted) {
  const int64_t side = unit_side(stage);
  const StageGrid g{Axis(plan.grid.height * side, window, shifted), Axis(plan.grid.width * side, window, shifted)};
  const bool whole = plan.hidden.empty(), exact = whole || is_one_window(plan.grid, stage, window);
  std::vector<Entry> entries = token_entries(g, plan, side);
  if (whole) add_phantoms(g, entries);
  std::sort(entries.begin(), entries.end());

  std::map<int64_t, WindowBucket> buckets;
  for (auto begin = entries.begin(); begin != entries.end();) {
    const auto end = std::find_if(begin, entries.end(), [&](const Entry& e) { return e.window != begin->window; });
    const std::span<const Entry> members(begin, end);
    if (has_token(members))
      append_window(buckets, members, padded_length(std::ssize(members), exact, g.y.longest() * g.x.longest()));
    begin = end;
  }
  std::vector<WindowBucket> result;
  for (auto& [length, bucket] : buckets) result.push_back(std::move(bucket));
  return result;
}

// Appends a sample's bucket, its rows counted from `first_row`; phantoms and fillers become row `total`.
void append_bucket(BatchBucket& to, const WindowBucket& from, int64_t first_row, int64_t total) {
  to.length = from.length;
  to.num_windows += std::ssize(from.rows) / from.length;
  for (const int64_t row : from.rows) {
    to.rows.push_back(row >= 0 ? first_row + row : total);
    to.filler.push_back(row == WindowBucket::kFillerRow);
  }
  to.codes.insert(to.codes.end(), from.codes.begin(), from.codes.end());
}

// Whether the codes of every window are those of the window `period` before it.
bool repeats(const BatchBucket& bucket, int64_t period) {
  const auto shift = period * bucket.length;
  return std::equal(bucket.codes.begin() + shift, bucket.codes.end(), bucket.codes.begin());
}

// Keeps the codes of distinct windows: one, those of one whole image (every image of the batch has them), or all.
void simplify(BatchBucket& bucket, int64_t num_samples, bool whole) {
  if (std::none_of(bucket.filler.begin(), bucket.filler.end(), [](uint8_t f) { return f != 0; })) bucket.filler.clear();
  bucket.num_layouts = repeats(bucket, 1) ? 1 : whole ? bucket.num_windows / num_samples : bucket.num_windows;
  bucket.codes.resize(static_cast<size_t>(bucket.num_layouts * bucket.length));
}

ShiftPlan collate_shift(std::span<const SamplePlan> samples, int stage, bool shifted) {
  const int64_t per_sample = samples[0].num_tokens(stage), total = per_sample * std::ssize(samples);
  std::map<int64_t, BatchBucket> by_length;
  for (size_t b = 0; b < samples.size(); ++b)
    for (const WindowBucket& bucket : samples[b].buckets[stage][shifted])
      append_bucket(by_length[bucket.length], bucket, static_cast<int64_t>(b) * per_sample, total);

  ShiftPlan plan;
  plan.window = samples[0].windows[stage];
  if (!by_length.empty()) plan.inverse.resize(static_cast<size_t>(total));
  int64_t place = 0;
  for (auto& [length, bucket] : by_length) {
    for (const int64_t row : bucket.rows) {
      if (row < total) plan.inverse[static_cast<size_t>(row)] = place;
      else plan.needs_phantom = true;
      ++place;
    }
    simplify(bucket, std::ssize(samples), samples[0].hidden.empty());
    plan.buckets.push_back(std::move(bucket));
  }
  return plan;
}

void require_alike(std::span<const SamplePlan> samples) {
  if (samples.empty()) throw std::invalid_argument("collate: no samples");
  for (const SamplePlan& sample : samples)
    if (!are_alike(sample, samples[0]))
      throw std::invalid_argument("collate: samples differ in grid, visible units or windows");
}

}  // namespace

UnitGrid unit_grid(int64_t height_px, int64_t width_px, int64_t unit_px, const std::string& where) {
  if (height_px < unit_px || width_px < unit_px || height_px % unit_px != 0 || width_px % unit_px != 0)
    throw UsageError(where, "is not a multiple of the unit", format("{}x{} px", height_px, width_px),
                     format("units are {} px wide", unit_px));
  return {height_px / unit_px, width_px / unit_px};
}

SamplePlan plan_sample(const UnitGrid& grid, std::vector<int64_t> visible, const StageWindows& windows) {
  SamplePlan plan{grid, windows, std::move(visible), {}, {}};
  std::vector<int64_t> all(static_cast<size_t>(grid.size()));
  std::iota(all.begin(), all.end(), 0);
  std::set_difference(all.begin(), all.end(), plan.visible.begin(), plan.visible.end(), std::back_inserter(plan.hidden));
  for (int stage = 0; stage < kNumStages; ++stage) {
    if (windows[stage] == 0) continue;
    plan.buckets[stage][0] = plan_windows(plan, stage, windows[stage], false);
    if (!is_one_window(grid, stage, windows[stage]))
      plan.buckets[stage][1] = plan_windows(plan, stage, windows[stage], true);
  }
  return plan;
}

SamplePlan plan_whole_image(const UnitGrid& grid, const StageWindows& windows) {
  std::vector<int64_t> all(static_cast<size_t>(grid.size()));
  std::iota(all.begin(), all.end(), 0);
  return plan_sample(grid, std::move(all), windows);
}

bool are_alike(const SamplePlan& a, const SamplePlan& b) {
  return a.grid == b.grid && a.windows == b.windows && a.visible.size() == b.visible.size();
}

WindowPlan collate(std::span<const SamplePlan> samples) {
  require_alike(samples);
  WindowPlan plan;
  plan.grid = samples[0].grid;
  plan.batch = std::ssize(samples);
  plan.num_visible = std::ssize(samples[0].visible);
  for (const SamplePlan& sample : samples) {
    plan.visible.insert(plan.visible.end(), sample.visible.begin(), sample.visible.end());
    plan.hidden.insert(plan.hidden.end(), sample.hidden.begin(), sample.hidden.end());
  }
  for (int stage = 0; stage < kNumStages; ++stage)
    for (const bool shifted : {false, true}) plan.shifts[stage][shifted] = collate_shift(samples, stage, shifted);
  return plan;
}

}  // namespace glid
