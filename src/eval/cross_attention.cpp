#include "glid/eval/cross_attention.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "glid/nn/transfer.h"

namespace glid {
namespace {

// The run that picture b of a range lies in, and its number there.
std::pair<const ImageRun*, int64_t> place_of(const BatchPlan& plan, const ImageRange& range, int64_t b) {
  for (const RunPart& part : plan.parts(range)) {
    if (b < part.count) return {part.run, part.first + b};
    b -= part.count;
  }
  TORCH_CHECK(false, "the batch has no such picture");
}

// [Q, classes]
at::Tensor class_scores(const Answer& answer, const HeadSpec& head, int64_t b, int64_t num_classes) {
  TORCH_CHECK(head.logits != Logits::kNone, "the head ", head.name, " knows no classes");
  const at::Tensor logits = answer.at(head.name)[-1][b];  // [Q, outputs]
  return (head.logits == Logits::kOneOf ? logits.softmax(-1) : logits.sigmoid()).narrow(1, 0, num_classes);
}

}  // namespace

CrossAttention::CrossAttention(const Decoder& decoder)
    : levels_(kNumDecoderLevels), watch_([this](const auto& attention, const auto& attended) { see(attention, attended); }) {
  for (int64_t i = 0; i < decoder.layers->size(); ++i)
    level_of_[(*decoder.layers)[i].cross_attn.get()] = i % kNumDecoderLevels;
}

void CrossAttention::see(const MultiheadAttention& attention, const Attended& attended) {
  const auto level = level_of_.find(&attention);
  if (level == level_of_.end() || num_seen_ == std::ssize(level_of_)) return;
  levels_[static_cast<size_t>(level->second)] = attended;
  ++num_seen_;
}

void CrossAttention::forget() {
  num_seen_ = 0;
  std::ranges::fill(levels_, Attended{});
}

int64_t CrossAttention::num_queries() const { return levels_[0].query.size(2); }

std::vector<AttentionMap> CrossAttention::maps(const AnsweredBatch& answered, int64_t b, int64_t q) const {
  const Question& question = answered.question;
  const auto [run, i] = place_of(question.view.plan, question.queries.at(0).images, b);
  const int64_t unit_px = answered.batch.units.size(1);
  std::vector<AttentionMap> maps;
  for (int64_t level = 0; level < kNumDecoderLevels; ++level) {
    const int stage = kNumStages - 1 - static_cast<int>(level);
    const PlanTensors& plan = *run->plan;
    const at::Tensor cells = plan.cells[stage][i];
    const at::Tensor weights = levels_[static_cast<size_t>(level)].weights(b, q).narrow(0, 0, cells.size(0));
    const at::Tensor map = at::zeros({plan.height(stage) * plan.width(stage)}, weights.options());
    maps.push_back({.height = plan.height(stage),
                    .width = plan.width(stage),
                    .weights = to_doubles(map.scatter(0, cells, weights)),
                    .stride_px = unit_px / unit_side(stage)});
  }
  return maps;
}

ClassOfQuery surest_query(const Answer& answer, const HeadSpec& head, int64_t b, int64_t num_classes) {
  const auto surest = class_scores(answer, head, b, num_classes).amax(1).argmax().item<int64_t>();
  return class_of_query(answer, head, b, surest, num_classes);
}

ClassOfQuery class_of_query(const Answer& answer, const HeadSpec& head, int64_t b, int64_t q, int64_t num_classes) {
  const at::Tensor scores = class_scores(answer, head, b, num_classes)[q];
  const auto category = scores.argmax().item<int64_t>();
  return {q, category, scores[category].item<double>()};
}

Image picture_of_units(const Batch& batch, int64_t b) {
  int64_t first = 0;
  for (int64_t i = 0; i < b; ++i) first += batch.images[static_cast<size_t>(i)].grid.size();
  const BatchImage& image = batch.images[static_cast<size_t>(b)];
  const at::Tensor pixels = from_units(batch.units.narrow(0, first, image.grid.size()), image.grid)[0]
                                .slice(0, 0, image.placement.height())
                                .slice(1, 0, image.placement.width())
                                .contiguous();
  const uint8_t* begin = pixels.const_data_ptr<uint8_t>();
  return {pixels.size(0), pixels.size(1), {begin, begin + pixels.numel()}};
}

}  // namespace glid
