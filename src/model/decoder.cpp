#include "glid/model/decoder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "glid/core/format.h"

namespace glid {
namespace {

int stage_of(int64_t level) { return kNumStages - 1 - static_cast<int>(level); }

GridExtent extent_of(const ImageRun& run, int stage) {
  const auto side = static_cast<double>(unit_side(stage));
  return {run.plan->height(stage), run.plan->width(stage), run.valid.height * side, run.valid.width * side};
}

// [B, K] true on cells that the image covers at least in part.
at::Tensor covered(const at::Tensor& cells, const GridExtent& extent) {
  const at::Tensor y = cells.div(extent.width, "floor"), x = cells.remainder(extent.width);
  return y.lt(extent.valid_height).logical_and(x.lt(extent.valid_width));
}

// [B, K, ..] -> [B, length, ..], zeros (false) behind.
at::Tensor fill_up(const at::Tensor& x, int64_t length) {
  if (x.size(1) == length) return x;
  std::vector<int64_t> padding(static_cast<size_t>(2 * (x.dim() - 1)));
  padding.back() = length - x.size(1);
  return at::constant_pad_nd(x, padding);
}

at::Tensor stack_images(const std::vector<at::Tensor>& parts) {
  if (parts.size() == 1) return parts[0];
  int64_t longest = 0;
  for (const at::Tensor& part : parts) longest = std::max(longest, part.size(1));
  std::vector<at::Tensor> filled;
  for (const at::Tensor& part : parts) filled.push_back(fill_up(part, longest));
  return at::cat(filled);
}

bool needs_mask(const std::vector<RunPart>& parts, int stage) {
  return std::any_of(parts.begin(), parts.end(), [&](const RunPart& part) {
    return part.run->is_padded() || part.run->plan->tokens_per_image(stage) != parts[0].run->plan->tokens_per_image(stage);
  });
}

// Where masks are foreground among a level's cells: [B, 1, Q, K].
at::Tensor foreground(const std::vector<at::Tensor>& logits, const std::vector<RunPart>& parts, int stage) {
  std::vector<at::Tensor> of_parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    const PlanTensors& plan = *parts[i].run->plan;
    const at::Tensor map = at::upsample_bilinear2d(logits[i], {plan.height(stage), plan.width(stage)}, false).flatten(2);
    const at::Tensor cells = plan.cells[stage].narrow(0, parts[i].first, parts[i].count).unsqueeze(1);
    of_parts.push_back(map.gather(2, cells.expand({-1, map.size(1), -1})).ge(0).transpose(1, 2));  // sigmoid >= .5
  }
  return stack_images(of_parts).transpose(1, 2).unsqueeze(1);
}

// Of what queries want to see those cells that are there; a query that would see none sees them all.
at::Tensor visible(const at::Tensor& wanted, const at::Tensor& cells) {
  const at::Tensor seen = cells.defined() ? wanted.logical_and(cells) : wanted;
  const at::Tensor none = seen.any(-1, /*keepdim=*/true).logical_not();
  return seen.logical_or(cells.defined() ? none.logical_and(cells) : none);
}

}  // namespace

void DecoderConfig::check(config::Problems& problems) const {
  if (width % heads != 0) problems.add("heads", "must divide decoder.width", "", format("decoder.width is {}", width));
  if (width % 8 != 0) problems.add("width", "must be a multiple of 8 (position vectors)");
}

int64_t DecoderQueries::num_learned() const { return std::accumulate(learned.begin(), learned.end(), int64_t{0}); }

GridExtent query_grid(int64_t count) {
  const auto height = std::max<int64_t>(1, static_cast<int64_t>(std::sqrt(static_cast<double>(count))));
  const int64_t width = (count + height - 1) / height;
  return {height, width, static_cast<double>(height), static_cast<double>(width)};
}

DecoderLayer::DecoderLayer(const DecoderConfig& config)
    : order(config.norm),
      cross_attn(register_module("cross_attn", std::make_shared<MultiheadAttention>(config.width, config.heads))),
      self_attn(register_module("self_attn", std::make_shared<MultiheadAttention>(config.width, config.heads))),
      linear1(register_module("linear1", std::make_shared<Linear>(config.width, config.ffn()))),
      linear2(register_module("linear2", std::make_shared<Linear>(config.ffn(), config.width))),
      norm1(register_module("norm1", std::make_shared<LayerNorm>(config.width))),
      norm2(register_module("norm2", std::make_shared<LayerNorm>(config.width))),
      norm3(register_module("norm3", std::make_shared<LayerNorm>(config.width))) {}

at::Tensor DecoderLayer::forward(const at::Tensor& content, const at::Tensor& position, const Memory& memory,
                                 const at::Tensor& self_mask) const {
  const auto residual = [this](const at::Tensor& x, const LayerNorm& norm, const auto& branch) {
    return order == NormOrder::kPost ? norm.forward(x + branch(x)) : x + branch(norm.forward(x));
  };
  const auto cross = [&](const at::Tensor& x) {
    return cross_attn->forward(x + position, memory.key, memory.value, memory.mask);
  };
  const auto self = [&](const at::Tensor& x) { return self_attn->forward(x + position, x + position, x, self_mask); };
  const auto ffn = [&](const at::Tensor& x) { return linear2->forward(at::relu(linear1->forward(x))); };
  at::Tensor x = residual(content, *norm1, cross);
  x = residual(x, *norm2, self);
  return residual(x, *norm3, ffn);
}

Decoder::Decoder(const DecoderConfig& config, const DecoderQueries& queries)
    : config(config), cls_token(register_parameter("cls_token", at::empty({config.width}))) {
  if (queries.mask_token) mask_token = register_parameter("mask_token", at::empty({config.width}));
  if (const int64_t rows = queries.num_learned(); rows > 0)
    query_embed = register_parameter("query_embed", at::zeros({rows, config.width}));
  level_embed = register_parameter("level_embed", at::empty({kNumDecoderLevels, config.width}));
  layers = register_module("layers", std::make_shared<ModuleList<DecoderLayer>>());
  norm = register_module("norm", std::make_shared<LayerNorm>(config.width));
  for (int64_t i = 0; i < config.layers; ++i) layers->append(config);
}

Memory Decoder::memory(const Pyramid& pyramid, const ImageRange& images, int64_t level) const {
  const int stage = stage_of(level);
  const at::Tensor& tokens = pyramid.levels[stage];
  const std::vector<RunPart> parts = pyramid.plan.parts(images);
  const bool masked = needs_mask(parts, stage);
  std::vector<at::Tensor> keys, values, masks;
  for (const RunPart& part : parts) {
    const PlanTensors& plan = *part.run->plan;
    const int64_t per_image = plan.tokens_per_image(stage);
    const at::Tensor cells = plan.cells[stage].narrow(0, part.first, part.count);
    const at::Tensor rows = tokens.narrow(0, part.first_token[stage], part.count * per_image);
    values.push_back(rows.view({part.count, per_image, config.width}) + level_embed[level]);
    const at::Tensor place = position_vectors(config.positions, cells, extent_of(*part.run, stage), config.width);
    keys.push_back(values.back() + place.to(rows.scalar_type()));
    if (masked) masks.push_back(covered(cells, extent_of(*part.run, stage)));
  }
  if (parts.empty()) {  // no image is asked: a memory of nothing, through which all gradients are zero
    values.push_back(tokens.narrow(0, 0, 0).view({0, 1, config.width}) + level_embed[level]);
    keys = values;
  }
  const at::Tensor mask = masked ? stack_images(masks).unsqueeze(1).unsqueeze(1) : at::Tensor();
  return {stack_images(keys), stack_images(values), mask};
}

Decoder::Start Decoder::start(const HiddenUnits& units, const BatchPlan& plan, const ImageRange& images) const {
  constexpr int kUnitStage = kNumStages - 1;  // whose cells are units
  const int64_t num_hidden = units.cells.size(1);
  const at::Tensor cls = cls_token.expand({images.count, 1, config.width});
  std::vector<at::Tensor> places;
  int64_t first = 0;
  for (const RunPart& part : plan.parts(images)) {
    const at::Tensor cells = units.cells.narrow(0, first, part.count);
    places.push_back(position_vectors(config.positions, cells, extent_of(*part.run, kUnitStage), config.width));
    first += part.count;
  }
  const at::Tensor place = places.size() == 1 ? places[0] : at::cat(places);
  return {at::cat({cls, mask_token.expand({images.count, num_hidden, config.width})}, 1),
          at::cat({at::zeros({images.count, 1, config.width}, place.options()), place}, 1).to(cls.scalar_type())};
}

Decoder::Start Decoder::start(const LearnedQueries& queries, const BatchPlan&, const ImageRange& images) const {
  const std::vector<int64_t> shape{images.count, queries.count, config.width};
  return {cls_token.expand(shape), query_embed.narrow(0, queries.first, queries.count).expand(shape)};
}

Decoder::Start Decoder::start(const ClsQuery&, const BatchPlan&, const ImageRange& images) const {
  const at::Tensor cls = cls_token.expand({images.count, 1, config.width});
  return {cls, at::zeros_like(cls)};
}

Decoder::Start Decoder::start(const auto&, const BatchPlan&, const ImageRange&) const {
  TORCH_CHECK(false, "the query decoder is asked for tokens of the encoder");
}

at::Tensor Decoder::forward(const Pyramid& pyramid, const Query& query, const std::vector<int64_t>& supervised,
                            const MaskLogits& masks) const {
  std::array<Memory, kNumDecoderLevels> levels;
  for (int64_t l = 0; l < kNumDecoderLevels; ++l) levels[l] = memory(pyramid, query.images, l);
  const Start begin = std::visit([&](const auto& asked) { return start(asked, pyramid.plan, query.images); }, query.asked);
  const at::Tensor& place = begin.positions;
  at::Tensor x = begin.tokens;
  if (config.query_pos != QueryPosition::kAttention) x = x + place;
  const at::Tensor attended = config.query_pos == QueryPosition::kContent ? at::zeros_like(place) : place;
  const auto is_read = [&](int64_t layer) {
    return supervised.empty() ? layer == layers->size() : std::ranges::find(supervised, layer) != supervised.end();
  };
  std::vector<at::Tensor> outputs;
  if (is_read(0)) outputs.push_back(norm->forward(x));
  for (int64_t i = 0; i < layers->size(); ++i) {
    Memory seen = levels[i % kNumDecoderLevels];
    if (masks && query.images.count > 0)
      seen.mask = attention_mask(masks, x, pyramid.plan.parts(query.images), i, seen.mask);
    x = (*layers)[i].forward(x, attended, seen, query.self_mask);
    if (is_read(i + 1)) outputs.push_back(norm->forward(x));
  }
  return at::stack(outputs);
}

at::Tensor Decoder::attention_mask(const MaskLogits& masks, const at::Tensor& x, const std::vector<RunPart>& parts,
                                   int64_t layer, const at::Tensor& cells) const {
  const at::NoGradGuard no_grad;
  return visible(foreground(masks(norm->forward(x)), parts, stage_of(layer % kNumDecoderLevels)), cells);
}

}  // namespace glid
