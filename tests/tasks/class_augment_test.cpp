#include "glid/tasks/class_augment.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "glid/model/pixel_statistics.h"
#include "glid/model/swin.h"
#include "support/batches.h"
#include "support/every_task.h"

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
