#include "glid/model/glid.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <algorithm>

#include "glid/core/format.h"
#include "glid/model/pixel_statistics.h"
#include "glid/nn/position.h"

namespace glid {
namespace {

constexpr double kBlockNormEps = 1e-6;

std::array<int64_t, kNumStages> stage_channels(const EncoderShape& shape) {
  std::array<int64_t, kNumStages> channels{};
  for (int stage = 0; stage < kNumStages; ++stage) channels[stage] = shape.stage_channels(stage);
  return channels;
}

int64_t last_channels(const EncoderShape& shape) { return shape.stage_channels(kNumStages - 1); }

EncoderUse use_of_encoder(const TaskSpec& spec) {
  return {.pyramid = spec.reads == HeadInput::kQueries, .mask_token = spec.replaces_units};
}

// Tokens [K * count, C] of images of one grid -> [count, N, C] of the units asked, all of which are seen.
at::Tensor read_part(const at::Tensor& tokens, const EncodedUnits& asked, const ImageRange& images, const UnitGrid& grid) {
  TORCH_CHECK(tokens.size(0) == images.count * grid.size(), "units are read by their cells where all of them are seen");
  const at::Tensor cells = asked.cells.narrow(0, images.first, images.count);  // [count, N]
  const at::Tensor rows = tokens.view({images.count, -1, tokens.size(1)});
  const at::Tensor x = rows.gather(1, cells.unsqueeze(2).expand({-1, -1, tokens.size(1)}));
  if (!asked.placed) return x;
  const GridExtent extent{.height = grid.height, .width = grid.width};  // MAE's heed no valid size
  return x + position_vectors(PositionKind::kMae, cells, extent, tokens.size(1)).to(x.scalar_type());
}

at::Tensor read_part(const at::Tensor& tokens, const EncodedImage&, const ImageRange& images, const UnitGrid&) {
  return tokens.view({images.count, -1, tokens.size(1)}).mean(1, /*keepdim=*/true);
}

template <class Asked>
at::Tensor read_part(const at::Tensor&, const Asked&, const ImageRange&, const UnitGrid&) {
  TORCH_CHECK(false, "the task asks for what its spec's reader doesn't read");
}

// [B, Q, C].
at::Tensor read_tokens(const LastTokens& last, const BatchPlan& plan, const Query& query) {
  TORCH_CHECK(last.stage == kNumStages - 1 || !std::holds_alternative<EncodedUnits>(query.asked),
              "units are read where each is one token");
  std::vector<at::Tensor> parts;
  int64_t first = 0;  // of the query's images
  for (const RunPart& part : plan.parts(query.images)) {
    const int64_t count = part.count * part.run->plan->tokens_per_image(last.stage);
    const at::Tensor rows = last.tokens.narrow(0, part.first_token[static_cast<size_t>(last.stage)], count);
    const ImageRange images{first, part.count};
    const auto read = [&](const auto& asked) { return read_part(rows, asked, images, part.run->plan->grid); };
    parts.push_back(std::visit(read, query.asked));
    first += part.count;
  }
  return parts.empty() ? last.tokens.narrow(0, 0, 0).unsqueeze(1) : at::cat(parts);
}

at::Tensor constant(const at::TensorOptions& options, const std::array<double, 3>& values) {
  const at::Tensor rgb = at::empty({3}, options);
  rgb[0] = values[0], rgb[1] = values[1],
  rgb[2] = values[2];  // numbers travel with the kernels: nothing waits for the device
  return rgb;
}

}  // namespace

ResidualMlp::ResidualMlp(int64_t width)
    : norm(register_module("norm", std::make_shared<LayerNorm>(width, kBlockNormEps))),
      mlp(register_module("mlp", std::make_shared<Mlp>(width))) {}

at::Tensor ResidualMlp::forward(const at::Tensor& x) const { return x + mlp->forward(norm->forward(x)); }

Head::Head(int64_t width, const HeadSpec& spec, int64_t num_learned) : Linear(width, spec.outputs), spec(spec) {
  if (spec.residual_blocks > 0) blocks = register_module("blocks", std::make_shared<ModuleList<ResidualMlp>>());
  for (int64_t i = 0; i < spec.residual_blocks; ++i) blocks->append(width);
  for (int64_t i = 1; i < spec.layers; ++i)
    hidden.push_back(register_module(format("hidden{}", i), std::make_shared<Linear>(width, width)));
  if (spec.references > 0) reference = register_parameter("reference", at::zeros({num_learned, spec.references}));
}

at::Tensor Head::answer(const at::Tensor& decoded, const Query& query) const {
  at::Tensor x = decoded;
  if (blocks)
    for (const auto& block : blocks->items) x = block->forward(x);
  for (const auto& layer : hidden) x = at::relu(layer->forward(x));
  x = forward(x);
  if (!reference.defined()) return x;
  const auto& learned = std::get<LearnedQueries>(query.asked);
  const at::Tensor places = reference.narrow(0, learned.first, learned.count).to(x.scalar_type());
  return x + at::constant_pad_nd(places, {0, spec.outputs - spec.references});
}

Heads::Heads(int64_t width, const TaskSpec& spec) {
  for (const HeadSpec& head : spec.heads)
    heads.push_back(register_module(head.name, std::make_shared<Head>(width, head, spec.queries.num_learned())));
}

std::map<std::string, at::Tensor> Heads::forward(const at::Tensor& decoded, const Query& query) const {
  std::map<std::string, at::Tensor> outputs;
  for (const auto& head : heads)
    if (query.heads.empty() || std::ranges::count(query.heads, head->spec.name) > 0)
      outputs[head->spec.name] = head->answer(decoded, query);
  return outputs;
}

const Head& Heads::at(const std::string& name) const {
  const auto found = std::ranges::find(heads, name, [](const auto& head) { return head->spec.name; });
  TORCH_CHECK(found != heads.end(), "the model has no head ", name);
  return **found;
}

Glid::Glid(const ModelShape& shape, const TaskSpec& spec)
    : shape(shape), spec(spec), encoder(register_module("encoder", make_encoder(shape.encoder, use_of_encoder(spec)))) {
  if (spec.reads == HeadInput::kQueries) {
    bifpn = register_module("bifpn", std::make_shared<Bifpn>(shape.bifpn, stage_channels(shape.encoder)));
    decoder = register_module("decoder", std::make_shared<Decoder>(shape.decoder, spec.queries));
  } else if (spec.reads == HeadInput::kUnitDecoder) {
    unit_decoder =
        register_module("unit_decoder", std::make_shared<UnitDecoder>(spec.unit_decoder, last_channels(shape.encoder)));
  }
  heads = register_module("heads", std::make_shared<Heads>(head_width(), spec));
  const std::vector<int64_t>& layers = spec.supervised_layers;
  TORCH_CHECK(layers.empty() || (layers.front() >= 0 && layers.back() == shape.decoder.layers),
              "supervised layers lie between 0 and ", shape.decoder.layers, " and end with the last");
}

int64_t Glid::head_width() const {
  if (spec.reads == HeadInput::kEncoder) return last_channels(shape.encoder);
  return spec.reads == HeadInput::kQueries ? shape.decoder.width : spec.unit_decoder.width;
}

Pyramid Glid::encode(const at::Tensor& units, const View& view) const {
  return {bifpn->forward(encoder->forward(units, view), view.plan), view.plan};
}

at::Tensor Glid::decode(const Pyramid& pyramid, const Query& query, const FeatureMap& features) const {
  MaskLogits masks;
  if (const auto& masked = query.masked)
    masks = [&](const at::Tensor& decoded) {
      return masked->logits(features, heads->at(masked->head).answer(decoded, query));
    };
  return decoder->forward(pyramid, query, spec.supervised_layers, masks);
}

std::vector<Answer> Glid::answer_queries(const Pyramid& pyramid, std::span<const Query> queries) const {
  RECORD_USER_SCOPE("decoder");
  const FeatureMap features = spec.features ? feature_map(pyramid) : FeatureMap{};
  std::vector<Answer> answers;
  for (const Query& query : queries) {
    Answer answer;
    if (spec.features) answer.features = part_of(features, query.images);
    answer.heads = heads->forward(decode(pyramid, query, answer.features), query);
    answers.push_back(std::move(answer));
  }
  return answers;
}

at::Tensor Glid::read(const LastTokens& last, const View& view, const Query& query) const {
  if (!unit_decoder) return read_tokens(last, view.plan, query);
  return unit_decoder->forward(last, view.plan, std::get<DecodedUnits>(query.asked), query.images);
}

std::vector<Answer> Glid::forward(const at::Tensor& units, const View& view, std::span<const Query> queries) const {
  if (spec.reads == HeadInput::kQueries) return answer_queries(encode(units, view), queries);
  const LastTokens last = encoder->last_tokens(units, view);
  std::vector<Answer> answers;
  for (const Query& query : queries)
    answers.push_back({heads->forward(read(last, view, query).unsqueeze(0), query), {}});  // of one layer
  return answers;
}

FeatureMap feature_map(const Pyramid& pyramid) {
  FeatureMap map;
  map.cells = over_runs(pyramid.levels[0], pyramid.plan, 0,
                        [](const at::Tensor& rows, const ImageRun& run) { return spread(rows, run.plan->images[0]); });
  int64_t offset = 0;
  for (const ImageRun& run : pyramid.plan.runs) {
    const int64_t height = run.plan->height(0), width = run.plan->width(0);
    for (int64_t i = 0; i < run.plan->batch; ++i, offset += height * width) map.images.push_back({offset, height, width});
  }
  return map;
}

FeatureMap part_of(const FeatureMap& map, const ImageRange& range) {
  const auto begin = map.images.begin() + range.first, end = begin + range.count;
  FeatureMap part{{}, {begin, end}};
  const int64_t first = part.images.empty() ? 0 : begin->offset;
  const int64_t past = part.images.empty() ? 0 : (end - 1)->offset + (end - 1)->height * (end - 1)->width;
  for (FeatureMap::Place& place : part.images) place.offset -= first;
  part.cells = map.cells.narrow(0, first, past - first);
  return part;
}

at::Tensor normalise(const at::Tensor& images, at::ScalarType type) {
  const auto options = images.options().dtype(at::kDouble);
  const at::Tensor mean = constant(options, kPixelMean).to(type);
  const at::Tensor deviation = constant(options, kPixelDeviation).to(type);
  return (images.to(type) - mean) / deviation;
}

NamedTensors named_parameters(const torch::nn::Module& module) {
  NamedTensors result;
  for (const auto& item : module.named_parameters()) result.emplace_back(item.key(), item.value());
  return result;
}

}  // namespace glid
