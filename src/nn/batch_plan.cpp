#include "glid/nn/batch_plan.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <list>
#include <mutex>

namespace glid {
namespace {

template <typename Count>
int64_t sum_over(const std::vector<ImageRun>& runs, Count count) {
  int64_t sum = 0;
  for (const ImageRun& run : runs) sum += count(*run.plan);
  return sum;
}

at::Tensor joined(std::vector<at::Tensor> parts) { return parts.size() == 1 ? parts[0] : at::cat(parts); }

// f(rows of a run, run) over rows of which a run has count(plan).
template <typename Count, typename F>
at::Tensor over_rows(const at::Tensor& rows, const BatchPlan& plan, Count count, const F& f) {
  std::vector<at::Tensor> results;
  int64_t first = 0;
  for (const ImageRun& run : plan.runs) {
    const int64_t num_rows = count(*run.plan);
    results.push_back(f(num_rows == rows.size(0) ? rows : rows.narrow(0, first, num_rows), run));
    first += num_rows;
  }
  TORCH_CHECK(first == rows.size(0), "a batch plan of ", first, " rows met a tensor of ", rows.sizes());
  return results.empty() ? rows : joined(std::move(results));  // of no pictures, no rows
}

// [units of the run, U] true on pixels inside the image, along one axis: `index` is the unit's row or column.
at::Tensor inside(const at::Tensor& index, double valid_units, int64_t unit_px) {
  const at::Tensor pixel = index.unsqueeze(1) * unit_px + at::arange(unit_px, index.options());
  return pixel.lt(valid_units * static_cast<double>(unit_px));
}

at::Tensor clear_padding(const at::Tensor& units, const ImageRun& run) {
  if (!run.is_padded()) return units;
  const UnitGrid& grid = run.plan->grid;
  const at::Tensor unit = at::arange(units.size(0), units.options().dtype(at::kLong)).remainder(grid.size());
  const at::Tensor rows = inside(unit.div(grid.width, "floor"), run.valid.height, units.size(1));
  const at::Tensor columns = inside(unit.remainder(grid.width), run.valid.width, units.size(2));
  return units * rows.unsqueeze(2).logical_and(columns.unsqueeze(1)).unsqueeze(3).to(units.scalar_type());
}

}  // namespace

int64_t BatchPlan::num_images() const {
  return sum_over(runs, [](const PlanTensors& plan) { return plan.batch; });
}
int64_t BatchPlan::num_tokens(int stage) const {
  return sum_over(runs, [stage](const PlanTensors& plan) { return plan.num_tokens(stage); });
}
int64_t BatchPlan::num_units() const {
  return sum_over(runs, [](const PlanTensors& plan) { return plan.num_units(); });
}

std::vector<RunPart> BatchPlan::parts(const ImageRange& range) const {
  std::vector<RunPart> parts;
  int64_t first_of_run = 0;
  std::array<int64_t, kNumStages> first_token{};
  for (const ImageRun& run : runs) {
    const int64_t begin = std::max<int64_t>(range.first - first_of_run, 0);
    const int64_t end = std::min(range.first + range.count - first_of_run, run.plan->batch);
    if (begin < end) parts.push_back({&run, begin, end - begin, first_token});
    for (int stage = 0; stage < kNumStages; ++stage) {
      if (begin < end) parts.back().first_token[stage] += begin * run.plan->tokens_per_image(stage);
      first_token[stage] += run.plan->num_tokens(stage);
    }
    first_of_run += run.plan->batch;
  }
  return parts;
}

at::Tensor over_runs(const at::Tensor& tokens, const BatchPlan& plan, int stage, const RunFunction& f, int64_t beside) {
  return over_rows(
      tokens, plan, [stage, beside](const PlanTensors& p) { return p.num_tokens(stage) + p.batch * beside; }, f);
}

at::Tensor visible_units(const at::Tensor& units, const BatchPlan& plan) {
  return over_rows(
      units, plan, [](const PlanTensors& p) { return p.num_units(); },
      [](const at::Tensor& rows, const ImageRun& run) {
        return run.plan->is_whole() ? rows : rows.index_select(0, run.plan->visible_units);
      });
}

at::Tensor hidden_cells(const BatchPlan& plan) {
  std::vector<at::Tensor> cells;
  for (const ImageRun& run : plan.runs) cells.push_back(run.plan->hidden_cells);
  return joined(std::move(cells));
}

at::Tensor per_token(const at::Tensor& values, const BatchPlan& plan, int stage, int64_t beside) {
  std::vector<at::Tensor> rows;
  int64_t first = 0;
  for (const ImageRun& run : plan.runs) {
    const int64_t batch = run.plan->batch, of_image = run.plan->tokens_per_image(stage) + beside;
    rows.push_back(values.narrow(0, first, batch).unsqueeze(1).expand({batch, of_image}).reshape(-1));
    first += batch;
  }
  return joined(std::move(rows));
}

at::Tensor without_padding(const at::Tensor& units, const BatchPlan& plan) {
  return over_rows(
      units, plan, [](const PlanTensors& p) { return p.num_units(); }, clear_padding);
}

struct WholeImagePlans::Kept {
  struct Entry {
    UnitGrid grid;
    int64_t num_images;
    StageWindows windows;
    at::Device device;
    std::shared_ptr<const PlanTensors> plan;
  };
  int64_t max_units, num_units = 0;
  mutable std::mutex mutex;
  std::list<Entry> entries;  // the last used first
};

WholeImagePlans::WholeImagePlans(int64_t max_units) : kept_(std::make_unique<Kept>()) { kept_->max_units = max_units; }
WholeImagePlans::~WholeImagePlans() = default;

size_t WholeImagePlans::size() const {
  const std::lock_guard lock(kept_->mutex);
  return kept_->entries.size();
}

std::shared_ptr<const PlanTensors> WholeImagePlans::get(const UnitGrid& grid, int64_t num_images,
                                                        const StageWindows& windows, const at::Device& device) {
  const std::lock_guard lock(kept_->mutex);
  auto& entries = kept_->entries;
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Kept::Entry& e) {
    return e.grid == grid && e.num_images == num_images && e.windows == windows && e.device == device;
  });
  if (found != entries.end()) {
    entries.splice(entries.begin(), entries, found);
    return entries.front().plan;
  }
  const std::vector<SamplePlan> samples(static_cast<size_t>(num_images), plan_whole_image(grid, windows));
  entries.push_front({grid, num_images, windows, device, to_tensors(collate(samples), device)});
  kept_->num_units += entries.front().plan->num_units();
  while (kept_->num_units > kept_->max_units && entries.size() > 1) {
    kept_->num_units -= entries.back().plan->num_units();
    entries.pop_back();
  }
  return entries.front().plan;
}

}  // namespace glid
