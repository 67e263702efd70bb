// Pre-training objectives against public code; scripts/parity/objectives.py wrote the file.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "glid/tasks/aim.h"
#include "glid/tasks/mixmae.h"
#include "glid/tasks/simmim.h"
#include "support/batches.h"
#include "support/case_losses.h"
#include "support/formula_weights.h"
#include "support/golden.h"

namespace glid {
namespace {

constexpr double kTolerance = 1e-5;

EncoderShape swin(const Json& golden) {
  const int64_t window = golden.at("window").as_int();
  return SwinShape{.channels = golden.at("channels").as_int(),
                   .depths = {2, 2, 2, 2},
                   .heads = {1, 2, 4, 8},
                   .windows = {window, window, window, window},
                   .patch = golden.at("patch").as_int()};
}

EncoderShape vit(const Json& golden) {
  return VitShape{.channels = golden.at("channels").as_int(),
                  .depth = 2,
                  .heads = 2,
                  .patch = golden.at("patch").as_int(),
                  .unit = 1,
                  .positions = VitPositions::kSinCos};
}

EncoderShape vit_without_class_token(const Json& golden) {
  VitShape shape = *vit(golden).vit();
  shape.class_token = false;
  return shape;
}

class ObjectiveGolden : public testing::Test {
 protected:
  explicit ObjectiveGolden(const std::string& name, EncoderShape (*encoder)(const Json&) = swin)
      : golden_(read_golden("objectives.json").at(name)) {
    for (const Json& units : golden_.at("seen").as_array()) seen_.push_back(int64s_of(units));
    shape_.encoder = encoder(golden_);
    const std::vector<int64_t> sizes = int64s_of(golden_.at("image_shape"));
    images_ = ((formula_tensor("input", sizes) + 1) * 128).floor().to(at::kByte);
    grid_ = {size_px() / shape_.encoder.unit_px(), size_px() / shape_.encoder.unit_px()};
  }
  int64_t size_px() const { return images_.size(1); }
  Image image(int64_t b) const {
    const uint8_t* data = images_[b].const_data_ptr<uint8_t>();
    return {size_px(), size_px(), std::vector<uint8_t>(data, data + images_[b].numel())};
  }
  // Image b of which these units are seen.
  NamedPicture picture(int64_t b, std::vector<int64_t> seen, int64_t group = 0) const {
    PreparedImage prepared{.image = image(b), .placement = Placement(size_px(), size_px()), .group = group};
    prepared.plan = shape_.encoder.plan(grid_, std::move(seen));
    return {{0, 0, b}, "image", std::move(prepared)};
  }
  std::vector<NamedPicture> masked_pictures() const {
    std::vector<NamedPicture> pictures;
    for (size_t b = 0; b < seen_.size(); ++b) pictures.push_back(picture(static_cast<int64_t>(b), seen_[b]));
    return pictures;
  }
  // The same seen whole.
  std::vector<NamedPicture> whole_pictures() const {
    std::vector<NamedPicture> pictures = masked_pictures();
    for (NamedPicture& whole : pictures) {
      std::vector<int64_t> hidden = whole.prepared.plan->hidden;
      whole.prepared.arrays["hidden"] = {{std::ssize(hidden)}, std::move(hidden)};
      whole.prepared.plan.reset();
    }
    return pictures;
  }
  struct Answered {
    Question question;
    at::Tensor prediction;  // [B, N, 3 U^2]
  };
  // The only query's answer, in double; expects the loss.
  Answered answer(const Task& task, std::vector<NamedPicture> pictures) const {
    Glid model(shape_, task.spec());
    const at::NoGradGuard no_grad;
    for (auto& [name, parameter] : named_parameters(model)) parameter.copy_(formula_tensor(name, parameter.sizes()));
    model.to(at::kDouble);
    const Batch batch = make_batch(std::move(pictures), shape_.encoder.unit_px(), fresh_bytes);
    Answered answered{task.ask(batch, /*training=*/false), {}};
    const Question& question = answered.question;
    const auto answers = model.forward(question.units.to(at::kDouble), question.view, question.queries);
    answered.prediction = answers.at(0).at("pixels")[0];
    EXPECT_NEAR(losses_by_name(task, answers, question).at("total").at(0), golden_.at("loss").as_double(), kTolerance);
    return answered;
  }
  void expect_prediction(const at::Tensor& prediction) const {
    expect_matches(golden_.at("prediction"), prediction, kTolerance, "prediction");
  }

  Json golden_;
  ModelShape shape_;
  UnitGrid grid_;
  at::Tensor images_;  // [B, H, W, 3] bytes
  std::vector<std::vector<int64_t>> seen_;
};

struct SimmimGolden : ObjectiveGolden {
  SimmimGolden() : ObjectiveGolden("simmim") {}
};

TEST_F(SimmimGolden, EqualsTransformers) {
  const Simmim task({}, shape_.encoder, size_px());
  expect_prediction(answer(task, whole_pictures()).prediction);
}

MaeConfig with_small_decoder(MaeConfig config) {
  config.decoder = {.blocks = 2, .width = 32, .heads = 4};
  return config;
}

struct MaeGolden : ObjectiveGolden {
  MaeGolden() : ObjectiveGolden("mae") {}
};

TEST_F(MaeGolden, EqualsADenseSwinAndTransformersDecoder) {
  const Mae task(with_small_decoder({}), shape_.encoder, size_px());
  expect_prediction(answer(task, masked_pictures()).prediction);
}

struct MaeVitGolden : ObjectiveGolden {
  MaeVitGolden() : ObjectiveGolden("mae_vit", vit) {}
};

TEST_F(MaeVitGolden, EqualsTransformersWithItsClassToken) {
  const Mae task(with_small_decoder({}), shape_.encoder, size_px());
  expect_prediction(answer(task, masked_pictures()).prediction);
}

struct AimGolden : ObjectiveGolden {
  AimGolden() : ObjectiveGolden("aim", vit_without_class_token) {}
};

TEST_F(AimGolden, EqualsThePaperWrittenDown) {
  const Aim task({.head_blocks = 2}, shape_.encoder, size_px());
  const Answered answered = answer(task, whole_pictures());
  const at::Tensor counted = answered.question.targets.at("counted").flatten().nonzero().squeeze(1);
  expect_prediction(answered.prediction.flatten(0, 1).index_select(0, counted));
}

struct MixmaeGolden : ObjectiveGolden {
  MixmaeGolden() : ObjectiveGolden("mixmae") {}
};

// There images are mixed in pairs; here each is seen twice.
TEST_F(MixmaeGolden, EqualsMixedImagesOfPairs) {
  const Mixmae task(with_small_decoder(MixmaeConfig()), shape_.encoder, size_px());
  std::vector<NamedPicture> pictures;
  const int64_t count = std::ssize(seen_);
  for (int64_t b = 0; b < count; ++b) {
    const std::vector<int64_t>& seen = seen_[static_cast<size_t>(b)];
    pictures.push_back(picture(b, seen));
    pictures.push_back(picture(b, hidden_beside(seen, grid_), /*group=*/1));
  }
  const Answered answered = answer(task, std::move(pictures));
  const at::Tensor cells = hidden_cells(answered.question.view.plan);
  at::Tensor all = at::zeros({count, grid_.size(), answered.prediction.size(2)}, at::kDouble);
  for (int64_t i = 0; i < 2 * count; ++i) all[i % count].index_copy_(0, cells[i], answered.prediction[i]);
  expect_prediction(all);
}

}  // namespace
}  // namespace glid
