#include "glid/data/batch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "glid/nn/transfer.h"

namespace glid {
namespace {

UnitGrid covering_grid(const Image& image, int64_t unit_px) {
  return {(image.height + unit_px - 1) / unit_px, (image.width + unit_px - 1) / unit_px};
}

// The picture as rows of units [units, U, U, 3], zeros beyond it; returns the end.
uint8_t* write_units(const Image& image, const UnitGrid& grid, int64_t unit_px, uint8_t* out) {
  const int64_t row_bytes = unit_px * 3;
  for (int64_t unit = 0; unit < grid.size(); ++unit) {
    const int64_t top = unit / grid.width * unit_px, left = unit % grid.width * unit_px;
    const int64_t known = std::min(unit_px, image.width - left) * 3;
    for (int64_t y = top; y < top + unit_px; ++y, out += row_bytes) {
      const int64_t bytes = y < image.height ? known : 0;
      if (bytes > 0) std::memcpy(out, image.row(y) + left * 3, static_cast<size_t>(bytes));
      std::memset(out + bytes, 0, static_cast<size_t>(row_bytes - bytes));
    }
  }
  return out;
}

bool are_alike(const NamedPicture& a, const NamedPicture& b) {
  const PreparedImage &p = a.prepared, &q = b.prepared;
  if (p.image.height != q.image.height || p.image.width != q.image.width) return false;
  return p.plan.has_value() == q.plan.has_value() && (!p.plan || are_alike(*p.plan, *q.plan));
}

// Page-locked where `memory` is. No pool: plans have many sizes.
Allocate like(const at::Tensor& memory) {
  return [pinned = memory.is_pinned()](int64_t bytes) {
    return at::empty({bytes}, at::dtype(at::kByte).pinned_memory(pinned));
  };
}

BatchRun make_run(std::span<NamedPicture> pictures, const Allocate& allocate) {
  BatchRun run{std::ssize(pictures), nullptr};
  if (!pictures[0].prepared.plan) return run;
  std::vector<SamplePlan> plans;
  for (NamedPicture& picture : pictures) plans.push_back(std::move(*picture.prepared.plan));
  run.plan = std::make_shared<const PackedPlan>(pack(collate(plans), allocate));
  return run;
}

std::vector<BatchRun> make_runs(std::vector<NamedPicture>& pictures, const Allocate& allocate) {
  std::vector<BatchRun> runs;
  for (auto begin = pictures.begin(); begin != pictures.end();) {
    const auto end = std::find_if(begin, pictures.end(), [&](const NamedPicture& p) { return !are_alike(*begin, p); });
    runs.push_back(make_run({begin, end}, allocate));
    begin = end;
  }
  return runs;
}

std::map<std::string, BatchArray> join_arrays(const std::vector<NamedPicture>& pictures) {
  std::map<std::string, std::vector<at::Tensor>> parts;
  std::map<std::string, BatchArray> joined;
  for (size_t i = 0; i < pictures.size(); ++i) {
    for (const auto& [name, array] : pictures[i].prepared.arrays) {
      parts[name].push_back(as_tensor(array));
      joined[name].lengths.resize(pictures.size());
      joined[name].lengths[i] = parts[name].back().size(0);
    }
  }
  for (auto& [name, array] : joined) array.values = at::cat(parts.at(name));
  return joined;
}

}  // namespace

at::Tensor as_tensor(const Array& array) {
  return std::visit(
      [&](const auto& values) {
        using T = typename std::decay_t<decltype(values)>::value_type;
        return at::from_blob(const_cast<T*>(values.data()), array.shape, at::dtype(c10::CppTypeToScalarType<T>::value))
            .clone();
      },
      array.values);
}

ImageRange Batch::range_of(int64_t group) const {
  const auto is_before = [&](const BatchImage& image) { return image.group < group; };
  const auto is_of = [&](const BatchImage& image) { return image.group == group; };
  return {std::count_if(images.begin(), images.end(), is_before), std::count_if(images.begin(), images.end(), is_of)};
}

Batch Batch::part(const ImageRange& range) const {
  const int64_t past = range.first + range.count;
  Batch part{.images = {images.begin() + range.first, images.begin() + past}};
  int64_t first = 0;  // picture of a run
  for (const BatchRun& run : runs) {
    const int64_t count = std::min(past, first + run.count) - std::max(range.first, first);
    TORCH_CHECK(count <= 0 || count == run.count || !run.plan, "a run of masked pictures can't be cut");
    if (count > 0) part.runs.push_back({count, run.plan});
    first += run.count;
  }
  const auto num_units = [&](int64_t begin, int64_t end) {
    int64_t sum = 0;
    for (int64_t i = begin; i < end; ++i)
      sum += images[static_cast<size_t>(i)].grid.height * images[static_cast<size_t>(i)].grid.width;
    return sum;
  };
  part.units = units.narrow(0, num_units(0, range.first), num_units(range.first, past));
  for (const auto& [name, array] : arrays) {
    const auto begin = array.lengths.begin() + range.first, end = array.lengths.begin() + past;
    const int64_t skipped = std::accumulate(array.lengths.begin(), begin, int64_t{0});
    part.arrays[name] = {array.values.narrow(0, skipped, std::accumulate(begin, end, int64_t{0})), {begin, end}};
  }
  return part;
}

std::vector<ImageRange> Batch::samples() const {
  std::vector<ImageRange> samples;
  for (int64_t i = 0; i < size(); ++i) {
    const auto at = static_cast<size_t>(i);
    if (i == 0 || images[at].key.id != images[at - 1].key.id) samples.push_back({i, 0});
    ++samples.back().count;
  }
  return samples;
}

Batch Batch::on(const at::Device& device) const {
  Batch batch = *this;
  batch.units = to_device(units, device);
  for (auto& [name, array] : batch.arrays) array.values = to_device(array.values, device);
  return batch;
}

Batch make_batch(std::vector<NamedPicture> pictures, int64_t unit_px, const Allocate& allocate) {
  std::stable_sort(pictures.begin(), pictures.end(),
                   [](const NamedPicture& a, const NamedPicture& b) { return a.prepared.group < b.prepared.group; });
  Batch batch;
  int64_t num_units = 0;
  for (const NamedPicture& picture : pictures) num_units += covering_grid(picture.prepared.image, unit_px).size();
  batch.units = allocate(num_units * unit_px * unit_px * 3).view({num_units, unit_px, unit_px, 3});
  batch.runs = make_runs(pictures, like(batch.units));
  batch.arrays = join_arrays(pictures);
  uint8_t* out = batch.units.mutable_data_ptr<uint8_t>();
  for (NamedPicture& picture : pictures) {
    PreparedImage& p = picture.prepared;
    const UnitGrid grid = covering_grid(p.image, unit_px);
    out = write_units(p.image, grid, unit_px, out);
    batch.images.push_back({picture.key, std::move(picture.name), grid, p.group, std::move(p.placement),
                            std::move(p.targets), std::move(p.truth)});
  }
  return batch;
}

}  // namespace glid
