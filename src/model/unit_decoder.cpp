#include "glid/model/unit_decoder.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include "glid/core/format.h"
#include "glid/nn/position.h"

namespace glid {
namespace {

constexpr double kNormEps = 1e-6;
constexpr int kUnitStage = kNumStages - 1;  // whose cells are units

}  // namespace

void UnitDecoderConfig::check(config::Problems& problems) const {
  if (width % heads != 0) problems.add("heads", "must divide width", "", format("width is {}", width));
  if (width % 4 != 0) problems.add("width", "must be a multiple of 4 (position vectors)");
}

UnitDecoder::UnitDecoder(const UnitDecoderConfig& config, int64_t channels)
    : embed(register_module("embed", std::make_shared<Linear>(channels, config.width))),
      mask_token(register_parameter("mask_token", at::empty({config.width}))),
      blocks(register_module("blocks", std::make_shared<ModuleList<UnitBlock>>())),
      norm(register_module("norm", std::make_shared<LayerNorm>(config.width, kNormEps))) {
  for (int64_t i = 0; i < config.blocks; ++i)
    blocks->append(std::make_shared<SelfAttention>(config.width, config.heads), config.width, kNormEps);
}

at::Tensor UnitDecoder::forward(const LastTokens& last, const BatchPlan& plan, const DecodedUnits& asked,
                                const ImageRange& images) const {
  RECORD_USER_SCOPE("unit decoder");
  TORCH_CHECK(last.stage == kUnitStage, "the unit decoder reads one token a unit");
  std::vector<at::Tensor> answers;
  int64_t first = 0;
  for (const RunPart& part : plan.parts(images)) {
    const PlanTensors& run = *part.run->plan;
    TORCH_CHECK(part.count == run.batch, "the unit decoder is asked about whole runs");
    const at::Tensor seen = embed->forward(last.tokens.narrow(0, part.first_token[kUnitStage], run.num_tokens(kUnitStage)));
    const at::Tensor all = at::arange(run.grid.size(), at::dtype(at::kLong).device(seen.device()));
    const GridExtent extent{.height = run.grid.height, .width = run.grid.width};  // MAE's heed no valid size
    const at::Tensor places = position_vectors(PositionKind::kMae, all, extent, mask_token.size(0));
    at::Tensor x = spread(seen, run.images[kUnitStage], mask_token).view({run.batch, run.grid.size(), -1});
    x = x + places.to(x.scalar_type());
    const int64_t beside = last.cls.defined() ? 1 : 0;
    if (beside > 0) {
      const at::Tensor cls = last.cls.narrow(0, images.first + first, part.count);
      x = at::cat({embed->forward(cls).unsqueeze(1), x}, 1);  // at no place
    }
    for (const auto& block : blocks->items) x = block->forward(x, /*keep=*/at::Tensor());
    const at::Tensor cells = asked.cells.narrow(0, first, part.count).unsqueeze(2) + beside;  // [B, N, 1]
    answers.push_back(norm->forward(x.gather(1, cells.expand({-1, -1, x.size(2)}))));
    first += part.count;
  }
  TORCH_CHECK(!answers.empty(), "the unit decoder is asked about no image");
  return answers.size() == 1 ? answers[0] : at::cat(answers);
}

}  // namespace glid
