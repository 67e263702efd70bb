#include "glid/metrics/depth_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/rng.h"

namespace glid {
namespace {

using testing::HasSubstr;
using Metres = std::vector<double>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
const DepthOptions kWhole{.crop = DepthCrop::kNone};

// One row.
DepthView row(const Metres& metres) { return {metres, 1, static_cast<int64_t>(metres.size())}; }

DepthReport evaluate(const DepthOptions& options, const Metres& predicted, const Metres& truth) {
  DepthErrors errors(options);
  errors.add("7", row(predicted), row(truth));
  return errors.report();
}

template <typename Body>
std::string error_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(DepthErrors, HandComputed) {
  const DepthErrorValues values = *evaluate(kWhole, {2, 4}, {1, 5}).mean;
  EXPECT_DOUBLE_EQ(values.abs_rel, (1 + .2) / 2);
  EXPECT_DOUBLE_EQ(values.sq_rel, (1 + .2) / 2);
  EXPECT_DOUBLE_EQ(values.sq_rel_kitti, (1 + .04) / 2);
  EXPECT_DOUBLE_EQ(values.rmse, 1);
  const double e1 = std::log(2), e2 = std::log(.8);
  EXPECT_DOUBLE_EQ(values.rmse_log, std::sqrt((e1 * e1 + e2 * e2) / 2));
  EXPECT_DOUBLE_EQ(values.irmse, 1000 * std::sqrt((.25 + .0025) / 2));
  EXPECT_DOUBLE_EQ(values.log10, (std::log10(2) - std::log10(.8)) / 2);
  EXPECT_DOUBLE_EQ(values.silog, 100 * (e1 - e2) / 2);
  EXPECT_DOUBLE_EQ(values.silog_mmseg, std::sqrt((e1 * e1 + e2 * e2) / 2 - std::pow((e1 + e2) / 2, 2) / 2));
  EXPECT_EQ(values.d1, 0);  // 5 / 4 is not below 1.25
  EXPECT_EQ(values.d2, .5);
  EXPECT_EQ(values.d3, .5);
}

TEST(DepthErrors, ThresholdsAreStrict) {
  const DepthErrorValues values = *evaluate(kWhole, {1.25, 1.5625, 1.953125, 1}, {1, 1, 1, 1}).mean;
  EXPECT_EQ(values.d1, .25);
  EXPECT_EQ(values.d2, .5);
  EXPECT_EQ(values.d3, .75);
}

TEST(DepthErrors, PerfectPrediction) {
  const DepthErrorValues values = *evaluate(kWhole, {.3, 7, 9.999}, {.3, 7, 9.999}).mean;
  for (const DepthErrorField& field : kDepthErrorFields) {
    EXPECT_EQ(values.*field.value, field.name[0] == 'd' ? 1.0 : 0.0) << field.name;
  }
}

TEST(DepthErrors, SilogForgivesAFactor) {
  const DepthErrorValues values = *evaluate(kWhole, {1.1 * .3, 1.1 * 2, 1.1 * 7}, {.3, 2, 7}).mean;
  EXPECT_NEAR(values.silog, 0, 1e-12);
  EXPECT_NEAR(values.silog_mmseg, std::log(1.1) / std::sqrt(2), 1e-15);
}

TEST(DepthErrors, LimitsOfTheTruthAreStrict) {
  const Metres truth = {0, 1e-3, 10, 65.535, kNan, kInf, -1, 9.999};
  const DepthReport report = evaluate(kWhole, Metres(truth.size(), 9.999), truth);
  EXPECT_EQ(report.num_pixels, 1);
  EXPECT_EQ(report.mean->rmse, 0);
}

TEST(DepthErrors, PredictionsAreCleanedAndCounted) {
  const DepthReport report = evaluate(kWhole, {0, -3, kNan, kInf, -kInf, 12}, {1, 1, 1, 1, 1, 1});
  EXPECT_EQ(report.notes, (DepthNotes{.num_nan = 1, .num_infinite = 2, .num_nonpositive = 2}));
  EXPECT_DOUBLE_EQ(report.mean->abs_rel, (4 * (1 - 1e-3) + 2 * 9) / 6);
  EXPECT_EQ(report.notes.lines(kWhole).size(), 3u);
  EXPECT_EQ(evaluate(kWhole, {kNan, 1}, {0, 1}).notes, DepthNotes{}) << "not a valid pixel";
}

TEST(DepthErrors, CropsOfOtherSizes) {
  const auto num_pixels = [](DepthCrop crop, int64_t height, int64_t width) {
    const Metres metres(static_cast<size_t>(height * width), 1.0);
    DepthErrors errors({.crop = crop});
    errors.add("7", {metres, height, width}, {metres, height, width});
    return errors.report().num_pixels;
  };
  EXPECT_EQ(num_pixels(DepthCrop::kEigen, 480, 640), (471 - 45) * (601 - 41));
  EXPECT_EQ(num_pixels(DepthCrop::kNone, 480, 640), 480 * 640);
  EXPECT_EQ(num_pixels(DepthCrop::kGarg, 375, 1242), (371 - 153) * (1197 - 44));
  EXPECT_EQ(num_pixels(DepthCrop::kKittiEigen, 375, 1242), (342 - 124) * (1197 - 44));
  EXPECT_THAT(error_of([&] { num_pixels(DepthCrop::kEigen, 427, 561); }),
              testing::EndsWith("image 7: has a size that eval.crop = eigen is not for (480 x 640) (got 427 x 561); "
                                "eval.crop=garg|kitti_eigen|none"));
}

TEST(DepthErrors, EigenCropIsHalfOpen) {
  Metres truth(480 * 640, 0);
  const auto set = [&](int64_t y, int64_t x) { truth[static_cast<size_t>(y * 640 + x)] = 2; };
  for (const auto& [y, x] : {std::pair{45, 41}, {470, 600}}) set(y, x);                                // inside
  for (const auto& [y, x] : {std::pair{44, 41}, {45, 40}, {471, 600}, {470, 601}, {0, 0}}) set(y, x);  // outside
  DepthErrors errors{{}};
  errors.add("7", {truth, 480, 640}, {truth, 480, 640});
  EXPECT_EQ(errors.report().num_pixels, 2);
}

TEST(DepthErrors, MedianScaling) {
  DepthOptions options = kWhole;
  EXPECT_EQ(evaluate(options, {1, 2, 3}, {2, 4, 6}).mean->rmse, std::sqrt((1. + 4 + 9) / 3));
  options.median_scaling = true;
  EXPECT_EQ(evaluate(options, {1, 2, 3}, {2, 4, 6}).mean->rmse, 0);
  // An even number: means of the two in the middle, 2.5 and 5; the invalid pixel takes no part.
  EXPECT_EQ(evaluate(options, {1, 2, 3, 4, 900}, {2, 4, 6, 8, 0}).mean->rmse, 0);
  // Scaled by 3/1 before clamping: 12 becomes 10. NaN takes no part in the median, which is 1 then.
  EXPECT_DOUBLE_EQ(evaluate(options, {1, 4, 1, kNan}, {3, 3, 3, 3}).mean->abs_rel, (7. / 3 + (3 - 1e-3) / 3) / 4);
  EXPECT_THAT(error_of([&] { evaluate(options, {0, 0, 1}, {1, 1, 1}); }), HasSubstr("image 7: has a median prediction"));
  EXPECT_THAT(error_of([&] { evaluate(options, {kNan}, {1}); }),
              HasSubstr("eval.median_scaling cannot divide by (got nan)"));
}

TEST(DepthErrors, ImagesWithoutAValidPixelAreSkippedAndCounted) {
  DepthErrors errors(kWhole);
  errors.add("a", row({1, 1}), row({0, 10}));
  EXPECT_FALSE(errors.report().mean || errors.report().rmse_pooled);
  errors.add("b", row({1, 1}), row({2, 0}));
  const DepthReport report = errors.report();
  EXPECT_EQ(report.num_images, 2);
  EXPECT_EQ(report.num_skipped, 1);
  EXPECT_EQ(report.mean->abs_rel, .5);
}

TEST(DepthErrors, MeanOverImagesAndPooled) {
  DepthErrors errors(kWhole);
  errors.add("a", row({1, 1, 1}), row({2, 2, 2}));
  errors.add("b", row({1}), row({4}));
  EXPECT_EQ(errors.report().mean->rmse, (1. + 3) / 2);
  EXPECT_DOUBLE_EQ(*errors.report().rmse_pooled, std::sqrt((3. + 9) / 4));
}

TEST(DepthErrors, BadData) {
  DepthErrors errors(kWhole);
  const Metres six(6, 1.0);
  EXPECT_THAT(error_of([&] {
                errors.add("7", {six, 3, 2}, {six, 2, 3});
              }),
              HasSubstr("image 7: has a prediction of another size than its truth (2 x 3) (got 3 x 2)"));
  EXPECT_THROW(errors.add("7", {six, 3, 3}, {six, 3, 3}), std::invalid_argument);
  errors.add("7", {six, 2, 3}, {six, 2, 3});
  EXPECT_THROW(errors.add("7", {six, 2, 3}, {six, 2, 3}), DataError);
  EXPECT_EQ(errors.report().num_images, 1);
}

TEST(DepthErrors, ProtocolsBringTheirLimitsCropAndScale) {
  for (const DepthProtocol protocol : {DepthProtocol::kNyu, DepthProtocol::kMmseg, DepthProtocol::kPooled}) {
    EXPECT_EQ(depth_options(protocol), (DepthOptions{protocol, 1e-3, 10, DepthCrop::kEigen}));
    EXPECT_EQ(png_units_per_metre(protocol), 1000);
  }
  EXPECT_EQ(depth_options(DepthProtocol::kKitti), (DepthOptions{DepthProtocol::kKitti, 0, kNoMaxDepth, DepthCrop::kNone}));
  EXPECT_EQ(png_units_per_metre(DepthProtocol::kKitti), 256);
}

// KITTI's kit: a hole takes the nearer of its neighbours in the row, at an end the only one.
TEST(DepthErrors, WithoutALowerLimitHolesAreFilledAlongTheirRow) {
  const DepthOptions kitti = depth_options(DepthProtocol::kKitti);
  const DepthReport report = evaluate(kitti, {0, 4, kNan, -1, 2, 90, -kInf}, {4, 4, 2, 2, 2, 90, 90});
  EXPECT_EQ(report.mean->rmse, 0);
  EXPECT_EQ(report.num_pixels, 7);
  EXPECT_THAT(report.notes.lines(kitti),
              testing::ElementsAre("1 predicted pixels are NaN: filled along their row",
                                   "1 predicted pixels are infinite: clamped, or filled along "
                                   "their row where they are negative",
                                   "2 predicted pixels are not positive: filled along their row"));
  EXPECT_EQ(evaluate(kitti, {0, 4}, {0, 4}).notes, DepthNotes{}) << "no truth there";
}

TEST(DepthErrors, RowsWithoutPredictionsTakeTheNearestAtTopAndBottomOnly) {
  const DepthOptions kitti = depth_options(DepthProtocol::kKitti);
  const auto evaluate_column = [&](const Metres& predicted, const Metres& truth) {
    DepthErrors errors(kitti);
    errors.add("7", {predicted, std::ssize(predicted), 1}, {truth, std::ssize(truth), 1});
    return errors.report();
  };
  EXPECT_EQ(evaluate_column({0, 3, 5, 0, 0}, {3, 3, 5, 5, 5}).mean->rmse, 0);
  const std::string error = error_of([&] { evaluate_column({3, 0, 5}, {3, 3, 5}); });
  EXPECT_THAT(error, HasSubstr("image 7: has pixels with a truth in rows without any prediction (got 1 such)"));
  EXPECT_THAT(error_of([&] { evaluate_column({0, 0}, {1, 1}); }), HasSubstr("without any prediction"));
  EXPECT_EQ(evaluate_column({3, 0, 5}, {3, 0, 5}).mean->rmse, 0) << "no truth in that row";
}

TEST(DepthErrors, WithoutAnUpperLimitDepthsAreAsTheyAre) {
  const DepthOptions kitti = depth_options(DepthProtocol::kKitti);
  EXPECT_DOUBLE_EQ(evaluate(kitti, {200, 1e-4}, {100, 1e-4}).mean->rmse, 100 / std::sqrt(2));
  EXPECT_THAT(error_of([&] { evaluate(kitti, {kInf}, {1}); }), HasSubstr("image 7: has infinite predictions"));
  DepthOptions limited = kitti;
  limited.max_depth = 80;
  EXPECT_EQ(evaluate(limited, {kInf, 1}, {40, 90}).mean->rmse, 40);
}

TEST(DepthErrors, WrongSettings) {
  EXPECT_THAT(error_of([] { DepthErrors({.min_depth = -1}); }), HasSubstr("eval.min_depth: must not be negative (got -1)"));
  EXPECT_THAT(error_of([] { DepthErrors({.min_depth = 5, .max_depth = 5}); }), HasSubstr("eval.max_depth"));
}

TEST(DepthErrors, BitEqualWhateverSplitAndOrder) {
  DepthErrors whole(kWhole), forward(kWhole), backward(kWhole);
  std::vector<DepthErrors> ranks(3, DepthErrors(kWhole));
  for (uint64_t i = 0; i < 40; ++i) {
    Rng rng(1, 0, i, RandomOp::kExample);
    Metres truth, predicted;
    for (int k = 0; k < 30; ++k) {
      truth.push_back(rng.uniform() * 11);
      predicted.push_back(truth.back() * (.5 + rng.uniform()));
    }
    whole.add(std::to_string(i), row(predicted), row(truth));
    ranks[i * i % 3].add(std::to_string(i), row(predicted), row(truth));
  }
  for (size_t i = 0; i < 3; ++i) forward.merge(ranks[i]);
  for (size_t i = 3; i-- > 0;) backward.merge_bytes(ranks[i].to_bytes());
  EXPECT_EQ(forward.to_bytes(), whole.to_bytes());
  EXPECT_EQ(backward.to_bytes(), whole.to_bytes());
  EXPECT_EQ(backward.report().mean, whole.report().mean);
  EXPECT_EQ(forward.report().rmse_pooled, whole.report().rmse_pooled);
  EXPECT_THROW(forward.merge(ranks[0]), DataError);
  EXPECT_THROW(forward.merge(DepthErrors{{}}), std::invalid_argument);
}

}  // namespace
}  // namespace glid
