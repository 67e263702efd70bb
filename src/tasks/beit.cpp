#include "glid/tasks/beit.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/data/photometric.h"
#include "glid/data/transforms.h"
#include "glid/nn/transfer.h"
#include "glid/tasks/pixel_task.h"
#include "unit_pictures.h"

namespace glid {
namespace {

constexpr int64_t kNobody = -1;  // the target of what only fills up

at::Tensor tensor_of(const Codebook& codebook) {
  return at::tensor(codebook.codes).view({codebook.size(), codebook.width()});
}

// [K]; every code is seen once more than it was counted.
at::Tensor log_frequencies(const std::vector<int64_t>& counts) {
  if (counts.empty()) return {};
  const at::Tensor seen = at::tensor(counts).to(at::kDouble) + 1;
  return (seen / seen.sum()).log();
}

// The units that a batch hides.
struct Hidden {
  at::Tensor cells;     // [B, N]
  at::Tensor rows;      // [B, N] among the units of all pictures
  at::Tensor is_asked;  // [B, N] bool; the others fill up
};

Hidden hidden_of(const Batch& batch, int64_t num_units) {
  const BatchArray& hidden = batch.arrays.at("hidden");
  const int64_t count = batch.size(), most = *std::ranges::max_element(hidden.lengths);
  std::vector<int64_t> places;  // of each cell in the array
  int64_t first = 0;
  for (const int64_t length : hidden.lengths) {
    for (int64_t n = 0; n < most; ++n) places.push_back(n < length ? first + n : first);
    first += length;
  }
  const at::Device device = hidden.values.device();
  const at::Tensor cells = hidden.values.index_select(0, to_device(at::tensor(places), device)).view({count, most});
  const at::Tensor lengths = to_device(at::tensor(hidden.lengths), device).unsqueeze(1);
  const at::Tensor first_unit = at::arange(count, cells.options()).unsqueeze(1) * num_units;
  return {cells, cells + first_unit, at::arange(most, cells.options()).lt(lengths)};
}

at::Tensor logits_of(std::span<const Answer> answers) { return answers[0].at("codes").select(0, 0); }  // [B, N, K]

// [B, N]: minus the log of what is said of the right codes, 0 where nobody is asked.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& codes) {
  return at::cross_entropy_loss(logits.flatten(0, 1), codes.flatten(), {}, at::Reduction::None, kNobody).view(codes.sizes());
}

}  // namespace

void BlockMaskConfig::check(config::Problems& problems) const {
  if (smallest > hidden) problems.add("smallest_block", "must be at most masked", "", format("masked is {}", hidden));
  if (largest && *largest < smallest)
    problems.add("largest_block", "must be at least smallest_block", "", format("smallest_block is {}", smallest));
}

void BlockMaskConfig::check_grid(const UnitGrid& grid, config::Problems& problems) const {
  if (hidden >= grid.size())
    problems.add("task.masked", format("must be less than the {}x{} units of a picture", grid.height, grid.width));
}

Beit::Beit(const BeitConfig& config, const EncoderShape& shape, int64_t size_px)
    : config_(config), shape_(shape), size_px_(size_px), viewer_(shape) {
  const Codebook codebook = read_codebook(config.codebook);
  if (codebook.patch_px != shape.unit_px())
    throw UsageError("task.codebook",
                     format("has codes of {} px, but units of the encoder have {} px", codebook.patch_px, shape.unit_px()),
                     config.codebook, format("make one of these: glid_data codebook --patch {}", shape.unit_px()));
  codes_ = tensor_of(codebook);
  log_frequencies_ = log_frequencies(codebook.counts);
}

TaskSpec Beit::spec() const {
  return {.heads = {{.name = "codes", .outputs = codes_.size(0), .init_std = 0.02}},
          .reads = HeadInput::kEncoder,
          .replaces_units = true};
}

std::vector<PreparedImage> Beit::prepare(const Sample& sample, const SampleKey& key, const BatchPosition&,
                                         bool training) const {
  const auto rng_for = [&](RandomOp op) {
    return Rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), op);
  };
  const Image& image = sample.image;
  const Placement placement = square_placement(image.height, image.width, key, size_px_, config_.crop_area, training);
  PreparedImage prepared{.placement = placement};
  if (training && config_.colour_jitter > 0) {
    Rng rng = rng_for(RandomOp::kColour);
    prepared.image = place_image(jitter_light(image, config_.colour_jitter, rng), placement, Filter::kBicubic);
  } else {
    prepared.image = place_image(image, placement, Filter::kBicubic);
  }
  std::vector<int64_t> hidden = draw_blocks(grid(), config_.hiding, rng_for(RandomOp::kMask));
  prepared.arrays["hidden"] = {{std::ssize(hidden)}, std::move(hidden)};
  return {std::move(prepared)};
}

LossCounts Beit::counts(const Batch& batch) const {
  const std::vector<int64_t>& lengths = batch.arrays.at("hidden").lengths;
  return {{"units", {lengths.begin(), lengths.end()}}};
}

const at::Tensor& Beit::codes_on(const at::Device& device) const {
  if (codes_.device() != device) codes_ = codes_.to(device);
  return codes_;
}

at::Tensor Beit::codes_of(const at::Tensor& pixels) const {
  const at::NoGradGuard no_grad;
  const at::Tensor& codes = codes_on(pixels.device());
  const at::Tensor half_norms = codes.square().sum(1) / 2;
  return at::addmm(-half_norms, normalise_units(pixels), codes.t()).argmax(1);
}

Question Beit::ask(Batch batch, bool) const {
  Question question = viewer_.look_at(std::move(batch));
  const Hidden hidden = hidden_of(question.batch, grid().size());
  const at::Tensor pixels = question.units.flatten(1).index_select(0, hidden.rows.flatten());
  question.targets["codes"] =
      codes_of(pixels).view(hidden.cells.sizes()).masked_fill(hidden.is_asked.logical_not(), kNobody);
  question.view.replaced_units = hidden.rows.flatten();
  question.queries = {{.asked = EncodedUnits{hidden.cells}, .images = question.view.plan.all()}};
  return question;
}

Losses Beit::losses(std::span<const Answer> answers, const Question& question) const {
  const at::Tensor logits = logits_of(answers);
  const at::Tensor& codes = question.targets.at("codes");
  const at::Tensor by_image = cross_entropy(logits, codes).sum(1);
  const at::Tensor is_right = logits.detach().argmax(-1).eq(codes), is_asked = codes.ne(kNobody);
  const at::Tensor accuracy = is_right.sum(1).to(logits.scalar_type()) / is_asked.sum(1);
  return {{{.name = "codes", .sum = by_image.sum(), .count = "units", .by_image = by_image.detach()}},
          {{.name = "code_accuracy", .value = accuracy.mean(), .pictures = codes.size(0)}}};
}

std::vector<Reference> Beit::references(const Question& question) const {
  const at::Tensor codes = question.targets.at("codes");
  const at::Tensor is_asked = codes.ne(kNobody).to(at::kDouble), nothing = at::zeros_like(is_asked);
  const std::vector<double> counts = to_doubles(is_asked.sum(1));
  const double by_chance = std::log(static_cast<double>(codes_.size(0)));
  std::vector<Reference> references{{"equal codes", is_asked * by_chance, nothing, counts, /*absolute=*/true}};
  if (!log_frequencies_.defined()) return references;
  const at::Tensor surprise = -to_device(log_frequencies_, codes.device()).index_select(0, codes.clamp_min(0).flatten());
  references.push_back({"code frequencies", is_asked * surprise.view(codes.sizes()), nothing, counts, /*absolute=*/true});
  return references;
}

std::vector<std::string> Beit::picture_titles() const { return {"masked", "codes", "control", "right codes", "original"}; }

std::vector<std::vector<Image>> Beit::pictures(std::span<const Answer> answers, const Question& question) const {
  const at::NoGradGuard no_grad;
  const at::Tensor rows = question.view.replaced_units, units = question.units;
  const at::Tensor hidden = units.flatten(1).index_select(0, rows);
  const at::Tensor codes = codes_on(units.device());
  const auto drawn = [&](const at::Tensor& normalised) { return restore_units(normalised, hidden); };
  const std::vector<at::Tensor> shown{at::zeros_like(hidden),
                                      drawn(codes.index_select(0, logits_of(answers).argmax(-1).flatten())),
                                      drawn(at::zeros_like(hidden)), drawn(codes.index_select(0, codes_of(hidden))), hidden};
  std::vector<std::vector<Image>> pictures(static_cast<size_t>(question.batch.size()));
  for (const at::Tensor& values : shown) {
    const at::Tensor column = units.index_copy(0, rows, values.view({-1, units.size(1), units.size(2), 3}));
    const std::vector<Image> images = to_images(column, grid());
    for (size_t b = 0; b < pictures.size(); ++b) pictures[b].push_back(images[b]);
  }
  return pictures;
}

}  // namespace glid
