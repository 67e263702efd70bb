#include "glid/tasks/class_augment.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "glid/core/format.h"
#include "glid/model/pixel_statistics.h"
#include "glid/model/swin.h"
#include "support/batches.h"
#include "support/every_task.h"
#include "support/golden.h"

namespace glid {
namespace {

const UnitGrid kGrid{3, 3};

Batch batch_from(int64_t first, int64_t count) {
  return batch_of(first, count, kSampleSize, 8, [](const Sample& sample, const SampleKey&, const BatchPosition&) {
    return std::vector<PreparedImage>{{.image = sample.image, .placement = Placement(kSampleSize, kSampleSize)}};
  });
}

at::Tensor mixed(const MixingConfig& config, const Batch& batch) {
  return mix_pictures(batch.units.to(at::kFloat), draw_mixes(config, batch, kSampleSize), kGrid);
}

TEST(Mixing, SharesAreBetaDistributed) {
  double sum = 0, squares = 0;
  constexpr int kDraws = 4000;
  for (int64_t id = 0; id < kDraws; ++id) {
    const PairMix mix = draw_pair_mix({.mixup = 0.8}, {1, 0, id}, kSampleSize);
    ASSERT_TRUE(mix.weight >= 0 && mix.weight <= 1);
    sum += mix.weight;
    squares += mix.weight * mix.weight;
  }
  const double mean = sum / kDraws;
  EXPECT_NEAR(mean, 0.5, 0.02);
  EXPECT_NEAR(squares / kDraws - mean * mean, 1 / (4 * (2 * 0.8 + 1)), 0.01);  // of Beta(a, a)
}

TEST(Mixing, ABoxIsThePartnersAndTheClassesHaveItsShares) {
  const Batch batch = batch_from(0, 2);
  const MixingConfig config{.cutmix = 1};
  const PairMix mix = draw_mixes(config, batch, kSampleSize).at(0);
  ASSERT_GT(mix.box.height * mix.box.width, 0);
  const at::Tensor before = from_units(batch.units.to(at::kFloat), kGrid), after = from_units(mixed(config, batch), kGrid);
  const at::Tensor is_partners = at::zeros({kSampleSize, kSampleSize, 1}, at::kBool);
  is_partners.narrow(0, mix.box.top, mix.box.height).narrow(1, mix.box.left, mix.box.width).fill_(true);
  EXPECT_TRUE(at::equal(after[0], at::where(is_partners, before[1], before[0])));
  EXPECT_TRUE(at::equal(after[1], at::where(is_partners, before[0], before[1])));
  const at::Tensor shares = mix_labels(at::tensor({2, 0}, at::kLong), {mix, mix}, 3, kSampleSize);
  EXPECT_NEAR(shares[0][0].item<double>(), is_partners.to(at::kDouble).mean().item<double>(), 1e-6);
  EXPECT_NEAR(shares.sum().item<double>(), 2, 1e-6);
}

TEST(Mixing, BothKindsHappen) {
  int64_t boxes = 0;
  for (int64_t id = 0; id < 1000; ++id)
    boxes += draw_pair_mix({.mixup = 0.8, .cutmix = 1}, {1, 0, id}, kSampleSize).weight == 1;
  EXPECT_NEAR(static_cast<double>(boxes), 500, 60);
}

// A batch of 6 and those of its parts; an odd last picture stays as it is.
TEST(Mixing, EvenMicroBatchesChangeNothing) {
  const MixingConfig config{.mixup = 0.8, .cutmix = 1};
  const at::Tensor whole = mixed(config, batch_from(0, 6));
  EXPECT_TRUE(at::equal(at::cat({mixed(config, batch_from(0, 4)), mixed(config, batch_from(4, 2))}), whole));
  const Batch odd = batch_from(0, 3);
  EXPECT_TRUE(at::equal(mixed(config, odd).narrow(0, 18, 9), odd.units.to(at::kFloat).narrow(0, 18, 9)));
}

// Mean and deviation of what was drawn are a golden law's.
void expect_law(const std::vector<double>& values, const Json& law, const std::string& what) {
  const auto count = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value, squares += value * value;
  const double mean = sum / count, deviation = law.at("deviation").as_double();
  EXPECT_NEAR(mean, law.at("mean").as_double(), 5 * deviation / std::sqrt(count)) << what;
  EXPECT_NEAR(std::sqrt(squares / count - mean * mean), deviation, 0.05 * deviation) << what;
}

// Of 100,000 pairs of timm's Mixup (scripts/parity/class_augment.py).
TEST(Mixing, SharesAndBoxesAreAsTimmsAre) {
  const Json golden = read_golden("class_augment.json");
  const int64_t size_px = golden.at("size").as_int();
  for (const Json& law : golden.at("mixing").as_array()) {
    const MixingConfig config{.mixup = law.at("mixup").as_double(), .cutmix = law.at("cutmix").as_double()};
    std::vector<double> cuts, shares, sides;
    for (int64_t id = 0; id < 10000; ++id) {
      const PairMix mix = draw_pair_mix(config, {1, 0, id}, size_px);
      const bool is_cut = config.mixup == 0 || (config.cutmix > 0 && mix.weight == 1);
      cuts.push_back(is_cut);
      shares.push_back(mix.own_share(size_px));
      if (!is_cut) continue;
      for (const int64_t side : {mix.box.height, mix.box.width})
        sides.push_back(static_cast<double>(side) / static_cast<double>(size_px));
    }
    const std::string what = format("mixup {} cutmix {}: ", config.mixup, config.cutmix);
    expect_law(cuts, law.at("cuts"), what + "cuts");
    expect_law(shares, law.at("share"), what + "share");
    if (!sides.empty()) expect_law(sides, law.at("side"), what + "side");
  }
}

// Where a grey picture has become something else; of no height: nowhere.
CropBox erased_part(int64_t size_px, double probability, int64_t id) {
  Image image{size_px, size_px, std::vector<uint8_t>(static_cast<size_t>(size_px * size_px * 3), 1)};
  erase_randomly(image, probability, {5, 0, id});
  int64_t top = size_px, bottom = 0, left = size_px, right = 0;
  for (int64_t i = 0; i < std::ssize(image.pixels); ++i) {
    if (image.pixels[static_cast<size_t>(i)] == 1) continue;
    const int64_t y = i / 3 / size_px, x = i / 3 % size_px;
    top = std::min(top, y), bottom = std::max(bottom, y + 1), left = std::min(left, x), right = std::max(right, x + 1);
  }
  return {top, left, std::max<int64_t>(0, bottom - top), std::max<int64_t>(0, right - left)};
}

// Of 100,000 pictures of timm's RandomErasing.
TEST(Erasing, RectanglesAreAsTimmsAre) {
  const Json golden = read_golden("class_augment.json"), &law = golden.at("erasing");
  const int64_t size_px = golden.at("size").as_int();
  const auto size = static_cast<double>(size_px);
  std::vector<double> part, area, log_aspect, top, left;
  for (int64_t id = 0; id < 10000; ++id) {
    const CropBox box = erased_part(size_px, law.at("probability").as_double(), id);
    part.push_back(box.height > 0);
    if (box.height == 0) continue;
    const auto height = static_cast<double>(box.height), width = static_cast<double>(box.width);
    area.push_back(height * width / (size * size));
    log_aspect.push_back(std::log(height / width));
    top.push_back(static_cast<double>(box.top) / size);
    left.push_back(static_cast<double>(box.left) / size);
  }
  expect_law(part, law.at("part"), "part");
  expect_law(area, law.at("area"), "area");
  expect_law(log_aspect, law.at("log_aspect"), "log_aspect");
  expect_law(top, law.at("top"), "top");
  expect_law(left, law.at("left"), "left");
}

TEST(Erasing, ARectangleBecomesNoise) {
  const Image original = noise_image(200, 200, 1);
  Image never = original, always = original, again = original;
  erase_randomly(never, 0, {5, 0, 3});
  EXPECT_EQ(never.pixels, original.pixels);
  erase_randomly(always, 1, {5, 0, 3});
  erase_randomly(again, 1, {5, 0, 3});
  EXPECT_EQ(always.pixels, again.pixels);
  int64_t changed = 0;
  double sum = 0;
  for (size_t i = 0; i < original.pixels.size(); ++i)
    if (always.pixels[i] != original.pixels[i]) ++changed, sum += always.pixels[i];
  const double part = static_cast<double>(changed) / static_cast<double>(original.pixels.size());
  EXPECT_TRUE(part > 0.015 && part < 0.34) << part;
  EXPECT_NEAR(sum / static_cast<double>(changed), (kPixelMean[0] + kPixelMean[1] + kPixelMean[2]) / 3, 3);
}

}  // namespace
}  // namespace glid
