#include "glid/nn/plan_tensors.h"

#include <ATen/ATen.h>

#include <limits>

#include "glid/nn/transfer.h"

namespace glid {
namespace {

template <typename T>
at::Tensor tensor_of(const std::vector<T>& values, at::ScalarType type, const at::Device& device) {
  const at::Tensor view = at::from_blob(const_cast<T*>(values.data()), {std::ssize(values)}, at::dtype(type));
  return to_device(view.clone(), device);
}

at::Tensor indices(const std::vector<int64_t>& values, const at::Device& device) {
  return tensor_of(values, at::kLong, device);
}

// Row of the bias table for every pair of places: (dy + w - 1)(2w - 1) + (dx + w - 1).
at::Tensor bias_index(const BatchBucket& bucket, int64_t window, const at::Device& device) {
  const int64_t centre = (window - 1) * (2 * window - 1) + (window - 1);
  const at::Tensor codes = indices(bucket.codes, device).to(at::kInt).view({-1, bucket.length});  // [D, L]
  return codes.unsqueeze(2) - codes.unsqueeze(1) + centre;
}

at::Tensor key_mask(const BatchBucket& bucket, const at::Device& device) {
  if (bucket.filler.empty()) return {};
  const at::Tensor filler = tensor_of(bucket.filler, at::kByte, device).view({bucket.num_windows, 1, 1, bucket.length});
  return at::zeros(filler.sizes(), filler.options().dtype(at::kFloat))
      .masked_fill_(filler.to(at::kBool), -std::numeric_limits<float>::infinity());
}

// Places without a row hold number T of them.
RowMap row_map(const std::vector<int64_t>& rows, const std::vector<int64_t>& inverse, const at::Device& device) {
  std::vector<int64_t> empty;
  for (size_t place = 0; place < rows.size(); ++place)
    if (rows[place] == std::ssize(inverse)) empty.push_back(static_cast<int64_t>(place));
  return {indices(rows, device), indices(inverse, device), empty.empty() ? at::Tensor() : indices(empty, device)};
}

RowMap window_map(const ShiftPlan& shift, const at::Device& device) {
  std::vector<int64_t> rows;
  for (const BatchBucket& bucket : shift.buckets) rows.insert(rows.end(), bucket.rows.begin(), bucket.rows.end());
  return row_map(rows, shift.inverse, device);
}

WindowTensors window_tensors(const ShiftPlan& shift, const at::Device& device) {
  WindowTensors tensors{window_map(shift, device), {}};
  for (const BatchBucket& bucket : shift.buckets)
    tensors.buckets.push_back(
        {bucket.num_windows, bucket.length, bias_index(bucket, shift.window, device), key_mask(bucket, device)});
  return tensors;
}

// The cell of every token of a stage within its image, [B, K * side^2], unit-major.
at::Tensor token_cells(const WindowPlan& plan, int stage) {
  const int64_t side = unit_side(stage), width = plan.grid.width * side;
  const at::Tensor units = indices(plan.visible, at::kCPU).view({plan.batch, plan.num_visible, 1, 1});
  const at::Tensor step = at::arange(side, at::kLong);
  const at::Tensor y = units.div(plan.grid.width, "floor") * side + step.view({side, 1});
  const at::Tensor x = units.remainder(plan.grid.width) * side + step.view({1, side});
  return (y * width + x).view({plan.batch, -1});
}

at::Tensor add_sample_offsets(const at::Tensor& within, int64_t size) {
  return (within + at::arange(within.size(0), at::kLong).unsqueeze(1) * size).view(-1);
}

RowMap image_map(const at::Tensor& cells, int64_t cells_per_image, const at::Device& device) {
  const at::Tensor places = add_sample_offsets(cells, cells_per_image);
  const auto* first = places.const_data_ptr<int64_t>();
  const std::vector<int64_t> inverse(first, first + places.numel());
  std::vector<int64_t> rows(static_cast<size_t>(cells.size(0) * cells_per_image), std::ssize(inverse));
  for (size_t row = 0; row < inverse.size(); ++row) rows[static_cast<size_t>(inverse[row])] = static_cast<int64_t>(row);
  return row_map(rows, inverse, device);
}

}  // namespace

const WindowTensors& PlanTensors::windows(int stage, bool shifted) const {
  return shifts[stage][shifted && !shifts[stage][1].buckets.empty()];
}

std::shared_ptr<const PlanTensors> to_tensors(const WindowPlan& plan, const at::Device& device) {
  auto t = std::make_shared<PlanTensors>();
  t->grid = plan.grid;
  t->batch = plan.batch;
  t->num_visible = plan.num_visible;
  const at::Tensor hidden = indices(plan.hidden, at::kCPU).view({plan.batch, plan.num_hidden()});
  const at::Tensor visible = indices(plan.visible, at::kCPU).view({plan.batch, plan.num_visible});
  t->visible_units = to_device(add_sample_offsets(visible, plan.grid.size()), device);
  t->hidden_units = to_device(add_sample_offsets(hidden, plan.grid.size()), device);
  t->hidden_cells = to_device(hidden, device);
  for (int stage = 0; stage < kNumStages; ++stage) {
    const at::Tensor cells = token_cells(plan, stage);
    t->cells[stage] = to_device(cells, device);
    t->images[stage] = image_map(cells, t->height(stage) * t->width(stage), device);
    for (const bool shifted : {false, true}) t->shifts[stage][shifted] = window_tensors(plan.shifts[stage][shifted], device);
  }
  return t;
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
