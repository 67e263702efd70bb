#include "glid/tasks/aim.h"

#include <ATen/ATen.h>

#include <numeric>

#include "pixel_references.h"

namespace glid {

void AimConfig::check_encoder(const EncoderShape& shape, config::Problems& problems) const {
  if (!shape.vit()) problems.add("model.encoder.name", "must be a ViT for aim, whose tokens see those before them");
  else if (shape.vit()->class_token)
    problems.add("model.encoder.class_token", "must be false for aim: it has no place in the order of patches", "true");
}

void AimConfig::check_grid(const UnitGrid& grid, config::Problems& problems) const {
  if (grid.size() < 2) problems.add("data.image_size", "must hold two patches for aim, which predicts the next one");
}

TaskSpec Aim::spec() const {
  HeadSpec pixels = head();
  pixels.residual_blocks = head_blocks_;
  return {.heads = {pixels}, .reads = HeadInput::kEncoder};
}

std::vector<PreparedImage> Aim::prepare(const Sample& sample, const SampleKey& key, const BatchPosition&,
                                        bool training) const {
  PreparedImage prepared = crop(sample, key, training);
  Rng rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kMask);
  const int64_t units = grid().size();
  const int64_t prefix = 1 + static_cast<int64_t>(rng.below(static_cast<uint64_t>(units - 1)));  // 1 to units - 1
  std::vector<int64_t> hidden(static_cast<size_t>(units - prefix));
  std::iota(hidden.begin(), hidden.end(), prefix);
  prepared.arrays["hidden"] = {{std::ssize(hidden)}, std::move(hidden)};
  return {std::move(prepared)};
}

Question Aim::ask(Batch batch, bool training) const {
  Question question = PixelTask::ask(std::move(batch), training);
  std::vector<at::Tensor> prefixes;
  for (const HiddenUnitsOfRun& hidden : hidden_units_of(question.batch, question.view.plan))
    prefixes.push_back(hidden.cells.select(1, 0));
  question.view.prefix = at::cat(prefixes);
  return question;
}

BlindPixels Aim::blind(const at::Tensor& units, const HiddenUnitsOfRun& hidden, const at::Tensor& target) const {
  const at::Tensor all = target_of(units.flatten(1)).view({hidden.cells.size(0), grid().size(), target.size(2)});
  return {colour_before(all, hidden.cells), target_of(interpolate_before(units, grid(), hidden.cells))};
}

}  // namespace glid
