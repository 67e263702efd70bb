#include "glid/data/kmeans.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace glid {
namespace {

std::vector<float> random_points(int64_t count, int64_t width, uint64_t seed) {
  Rng rng(seed, 0, 0, RandomOp::kExample);
  std::vector<float> points;
  for (int64_t i = 0; i < count * width; ++i) points.push_back(static_cast<float>(rng.normal()));
  return points;
}

// Around the corners of a cube of side 10, as many around each.
std::vector<float> corner_points(int64_t count, uint64_t seed) {
  std::vector<float> points = random_points(count, 3, seed);
  for (size_t i = 0; i < points.size(); ++i)
    if ((i / 3) >> (i % 3) & 1) points[i] += 10;
  return points;
}

double distance(const float* a, const float* b, int64_t width) {
  double sum = 0;
  for (int64_t d = 0; d < width; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

// Numbers of centres and points that fill no panel and no block.
TEST(KMeans, NearestIsThatOfAllDistances) {
  constexpr int64_t kWidth = 27;
  for (const int64_t num_centres : {1, 15, 16, 37}) {
    const std::vector<float> centres = random_points(num_centres, kWidth, 1), points = random_points(131, kWidth, 2);
    const KMeans::Nearest found = KMeans(centres, kWidth).nearest(points, 2);
    for (size_t i = 0; i < 131; ++i) {
      std::vector<double> distances;
      for (int64_t k = 0; k < num_centres; ++k)
        distances.push_back(distance(&points[i * kWidth], &centres[static_cast<size_t>(k * kWidth)], kWidth));
      const auto least = std::ranges::min_element(distances);
      EXPECT_EQ(found.centres[i], least - distances.begin());
      EXPECT_NEAR(found.distances[i], *least, 1e-4);
    }
  }
}

TEST(KMeans, TheFirstOfEqualCentresIsTheNearest) {
  const std::vector<float> centres{1, 1, 2, 2, 1, 1};
  EXPECT_EQ(KMeans(centres, 2).nearest(std::vector<float>{1, 1, 0, 0}, 1).centres, (std::vector<int64_t>{0, 0}));
}

TEST(KMeans, CentresBecomeMeans) {
  KMeans codes({0, 0, 0, 100, 100, 100}, 3);
  const std::vector<float> points{1, 2, 3, 3, 2, 1, 90, 90, 90};
  codes.learn(points, 1);
  EXPECT_EQ(codes.centres(), (std::vector<float>{2, 2, 2, 90, 90, 90}));
  codes.learn(std::vector<float>{5, 5, 5}, 1);  // the third that the first has seen
  EXPECT_EQ(codes.centres(), (std::vector<float>{3, 3, 3, 90, 90, 90}));
}

TEST(KMeans, CentresThatSeeNothingDivideCrowds) {
  std::vector<float> centres(24, 5);
  centres[0] = 0;  // it and the next one share all points
  KMeans codes(centres, 3);
  const auto error = [&] {
    const KMeans::Nearest found = codes.nearest(corner_points(400, 99), 1);
    return std::accumulate(found.distances.begin(), found.distances.end(), 0.0) / 400;
  };
  const double at_the_start = error();
  Rng rng(1, 0, 0, RandomOp::kExample);
  std::vector<int64_t> num_mended;
  for (uint64_t round = 0; round < 6; ++round) {
    const std::vector<float> points = corner_points(400, round);
    codes.learn(points, 1);
    num_mended.push_back(codes.mend(points, 1, rng));
  }
  EXPECT_EQ(num_mended.front(), 6);
  EXPECT_EQ(num_mended.back(), 0);
  EXPECT_LT(error(), at_the_start / 2);
}

TEST(KMeans, NothingIsMendedWherePointsAreTheCentres) {
  KMeans codes({0, 0, 0, 0}, 2);
  const std::vector<float> points{0, 0, 0, 0};
  codes.learn(points, 1);
  Rng rng(1, 0, 0, RandomOp::kExample);
  EXPECT_EQ(codes.mend(points, 1, rng), 0);
}

TEST(KMeans, IsTheSameWithAnyNumberOfThreads) {
  const auto learned = [](int64_t threads) {
    KMeans codes(random_points(40, 12, 1), 12);
    Rng rng(1, 0, 0, RandomOp::kExample);
    for (uint64_t batch = 0; batch < 4; ++batch) codes.learn(random_points(300, 12, 10 + batch), threads);
    codes.mend(random_points(300, 12, 20), threads, rng);
    return codes.centres();
  };
  EXPECT_EQ(learned(1), learned(3));
}

}  // namespace
}  // namespace glid
