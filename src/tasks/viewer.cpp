#include "glid/tasks/viewer.h"

#include <ATen/ATen.h>

#include "glid/core/rng.h"
#include "glid/model/glid.h"
#include "glid/nn/transfer.h"

namespace glid {
namespace {

// Every picture's draws for drop path, [2 blocks, B].
at::Tensor drop_path_draws(const Batch& batch, int64_t num_blocks, const at::Device& device) {
  const at::Tensor draws = at::empty({batch.size(), 2 * num_blocks}, at::kFloat);
  float* values = draws.mutable_data_ptr<float>();
  for (const BatchImage& image : batch.images) {
    const SampleKey& key = image.key;
    Rng rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kDropPath);
    for (int64_t i = 0; i < 2 * num_blocks; ++i) *values++ = static_cast<float>(rng.uniform());
  }
  return to_device(draws.t().contiguous(), device);
}

ValidUnits valid_units(const Placement& placement, int64_t unit_px) {
  const auto unit = static_cast<double>(unit_px);
  return {static_cast<double>(placement.height()) / unit, static_cast<double>(placement.width()) / unit};
}

}  // namespace

ImageRun Viewer::run(const BatchRun& run, const BatchImage& first, const at::Device& device) const {
  return {run.plan ? to_tensors(*run.plan, device) : whole_.get(first.grid, run.count, encoder_.windows(), device),
          valid_units(first.placement, encoder_.unit_px())};
}

Question Viewer::look_at(Batch batch) const {
  Question question{.view = view(batch)};
  question.units = pixels(batch, question.view);
  question.batch = std::move(batch);
  return question;
}

View Viewer::view(const Batch& batch) const {
  const at::Device device = batch.units.device();
  View view;
  size_t first = 0;
  for (const BatchRun& r : batch.runs) {
    view.plan.runs.push_back(run(r, batch.images[first], device));
    first += static_cast<size_t>(r.count);
  }
  if (encoder_.drop_path() > 0) view.drop_path = drop_path_draws(batch, encoder_.num_blocks(), device);
  return view;
}

at::Tensor Viewer::pixels(const Batch& batch, const View& view) const {
  return without_padding(normalise(batch.units), view.plan);
}

}  // namespace glid
