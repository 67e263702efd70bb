#include "glid/nn/plan_tensors.h"

#include <ATen/ATen.h>

#include <cstring>
#include <limits>
#include <utility>

#include "glid/nn/transfer.h"

namespace glid {
namespace {

// A plan's numbers one after another.
class Writer {
 public:
  template <typename T>
  void put(const std::vector<T>& values) {
    numbers_.insert(numbers_.end(), values.begin(), values.end());
  }

  at::Tensor tensor(const Allocate& allocate) const {
    const auto bytes = static_cast<int64_t>(numbers_.size() * sizeof(int64_t));
    const at::Tensor tensor = allocate(bytes).view(at::kLong);
    std::memcpy(tensor.mutable_data_ptr(), numbers_.data(), static_cast<size_t>(bytes));
    return tensor;
  }

 private:
  std::vector<int64_t> numbers_;
};

class Reader {
 public:
  explicit Reader(at::Tensor numbers) : numbers_(std::move(numbers)) {}
  at::Tensor take(int64_t count) { return numbers_.narrow(0, std::exchange(next_, next_ + count), count); }

 private:
  at::Tensor numbers_;
  int64_t next_ = 0;
};

// The places without a row hold number T of them.
std::vector<int64_t> empty_places(const ShiftPlan& shift) {
  std::vector<int64_t> empty;
  if (!shift.needs_phantom) return empty;
  int64_t place = 0;
  for (const BatchBucket& bucket : shift.buckets)
    for (const int64_t row : bucket.rows) {
      if (row == std::ssize(shift.inverse)) empty.push_back(place);
      ++place;
    }
  return empty;
}

PackedPlan::Shift pack_shift(const ShiftPlan& shift, Writer& writer) {
  const std::vector<int64_t> empty = empty_places(shift);
  PackedPlan::Shift packed{shift.window, std::ssize(shift.inverse), 0, std::ssize(empty), {}};
  for (const BatchBucket& bucket : shift.buckets) {
    writer.put(bucket.rows);
    packed.num_places += std::ssize(bucket.rows);
    packed.buckets.push_back({bucket.num_windows, bucket.length, bucket.num_layouts, !bucket.filler.empty()});
  }
  writer.put(shift.inverse);
  writer.put(empty);
  for (const BatchBucket& bucket : shift.buckets) {
    writer.put(bucket.codes);
    writer.put(bucket.filler);
  }
  return packed;
}

// codes [D, L] -> the row of the bias table for every pair of places: (dy + w - 1)(2w - 1) + (dx + w - 1).
at::Tensor bias_index(const at::Tensor& codes, int64_t window) {
  const int64_t centre = (window - 1) * (2 * window - 1) + (window - 1);
  const at::Tensor small = codes.to(at::kInt);
  return small.unsqueeze(2) - small.unsqueeze(1) + centre;
}

// [W * L], 1 = filler -> [W, 1, 1, L]
at::Tensor key_mask(const at::Tensor& filler, const PackedPlan::Bucket& bucket) {
  return at::zeros({bucket.num_windows, 1, 1, bucket.length}, filler.options().dtype(at::kFloat))
      .masked_fill_(filler.to(at::kBool).view({bucket.num_windows, 1, 1, bucket.length}),
                    -std::numeric_limits<float>::infinity());
}

WindowTensors window_tensors(const PackedPlan::Shift& shift, Reader& reader) {
  WindowTensors tensors;
  tensors.map = {reader.take(shift.num_places), reader.take(shift.num_tokens), {}};
  if (shift.num_empty > 0) tensors.map.empty = reader.take(shift.num_empty);
  for (const PackedPlan::Bucket& bucket : shift.buckets) {
    const at::Tensor codes = reader.take(bucket.num_layouts * bucket.length).view({bucket.num_layouts, bucket.length});
    tensors.buckets.push_back({bucket.num_windows, bucket.length, bias_index(codes, shift.window), {}});
    if (bucket.has_fillers)
      tensors.buckets.back().key_mask = key_mask(reader.take(bucket.num_windows * bucket.length), bucket);
  }
  return tensors;
}

// visible [B, K] -> the cell of every token of a stage within its image, [B, K * side^2], unit-major.
at::Tensor token_cells(const at::Tensor& visible, const UnitGrid& grid, int stage) {
  const int64_t side = unit_side(stage), width = grid.width * side;
  const at::Tensor units = visible.unsqueeze(2).unsqueeze(3), step = at::arange(side, visible.options());
  const at::Tensor y = units.div(grid.width, "floor") * side + step.view({side, 1});
  const at::Tensor x = units.remainder(grid.width) * side + step.view({1, side});
  return (y * width + x).view({visible.size(0), -1});
}

// [B, n] within an image of `size` -> [B * n] within the batch.
at::Tensor add_sample_offsets(const at::Tensor& within, int64_t size) {
  return (within + at::arange(within.size(0), within.options()).unsqueeze(1) * size).view(-1);
}

RowMap image_map(const at::Tensor& cells, int64_t cells_per_image) {
  const at::Tensor places = add_sample_offsets(cells, cells_per_image);
  const at::Tensor rows = at::full({cells.size(0) * cells_per_image}, places.numel(), places.options());
  rows.index_copy_(0, places, at::arange(places.numel(), places.options()));
  return {rows, places, {}};
}

}  // namespace

const WindowTensors& PlanTensors::windows(int stage, bool shifted) const {
  return shifts[stage][shifted && !shifts[stage][1].buckets.empty()];
}

PackedPlan pack(const WindowPlan& plan, const Allocate& allocate) {
  PackedPlan packed{plan.grid, plan.batch, plan.num_visible, {}, {}};
  Writer writer;
  writer.put(plan.visible);
  writer.put(plan.hidden);
  for (int stage = 0; stage < kNumStages; ++stage)
    for (const bool shifted : {false, true}) packed.shifts[stage][shifted] = pack_shift(plan.shifts[stage][shifted], writer);
  packed.numbers = writer.tensor(allocate);
  return packed;
}

std::shared_ptr<const PlanTensors> to_tensors(const PackedPlan& plan, const at::Device& device) {
  Reader reader(to_device(plan.numbers, device));
  auto t = std::make_shared<PlanTensors>();
  t->grid = plan.grid;
  t->batch = plan.batch;
  t->num_visible = plan.num_visible;
  const int64_t units = plan.grid.size(), num_hidden = plan.num_hidden();
  const at::Tensor visible = reader.take(plan.batch * plan.num_visible).view({plan.batch, plan.num_visible});
  t->hidden_cells = reader.take(plan.batch * num_hidden).view({plan.batch, num_hidden});
  t->visible_units = add_sample_offsets(visible, units);
  t->hidden_units = add_sample_offsets(t->hidden_cells, units);
  for (int stage = 0; stage < kNumStages; ++stage) {
    t->cells[stage] = token_cells(visible, plan.grid, stage);
    t->images[stage] = image_map(t->cells[stage], t->height(stage) * t->width(stage));
    for (const bool shifted : {false, true}) t->shifts[stage][shifted] = window_tensors(plan.shifts[stage][shifted], reader);
  }
  return t;
}

std::shared_ptr<const PlanTensors> to_tensors(const WindowPlan& plan, const at::Device& device) {
  return to_tensors(pack(plan, [](int64_t bytes) { return at::empty({bytes}, at::kByte); }), device);
}

at::Tensor to_image(const at::Tensor& tokens, const PlanTensors& plan, int stage) {
  return spread(tokens, plan.images[stage])
      .view({plan.batch, plan.height(stage), plan.width(stage), tokens.size(1)})
      .permute({0, 3, 1, 2});
}

at::Tensor to_tokens(const at::Tensor& image, const PlanTensors& plan, int stage) {
  return collect(image.permute({0, 2, 3, 1}).reshape({-1, image.size(1)}), plan.images[stage]);
}

}  // namespace glid
