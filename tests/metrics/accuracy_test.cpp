#include "glid/metrics/accuracy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

namespace glid {
namespace {

double value_of(const Accuracy& accuracy, size_t i) { return accuracy.values().at(i).value.value(); }

TEST(Accuracy, CountsTheRightClassAmongTheFirst) {
  Accuracy accuracy;
  accuracy.add("a", std::vector<double>{.1, .5, .2, .05, .06, .09}, 1);  // first
  accuracy.add("b", std::vector<double>{.1, .5, .2, .05, .06, .09}, 4);  // fifth
  accuracy.add("c", std::vector<double>{.1, .5, .2, .05, .06, .09}, 3);  // last
  EXPECT_DOUBLE_EQ(value_of(accuracy, 0), 1.0 / 3);
  EXPECT_DOUBLE_EQ(value_of(accuracy, 1), 2.0 / 3);
}

TEST(Accuracy, EqualScoresRankByIndexAndNanLast) {
  Accuracy accuracy;
  accuracy.add("first", std::vector<double>{.5, .5}, 0);
  accuracy.add("second", std::vector<double>{.5, .5}, 1);
  accuracy.add("nan", std::vector<double>{std::nan(""), .1}, 0);
  accuracy.add("number", std::vector<double>{std::nan(""), .1}, 1);
  EXPECT_DOUBLE_EQ(value_of(accuracy, 0), 0.5);
  std::vector<int64_t> ranks;
  for (const auto& [image, record] : accuracy.images()) ranks.push_back(record.rank);
  EXPECT_EQ(ranks, (std::vector<int64_t>{0, 1, 0, 1}));  // first, nan, number, second
}

TEST(Accuracy, PartsMergeToTheWhole) {
  Accuracy a, b;
  a.add("a", std::vector<double>{1, 0}, 0);
  b.add("b", std::vector<double>{1, 0}, 1);
  a.merge_bytes(b.to_bytes());
  EXPECT_DOUBLE_EQ(value_of(a, 0), 0.5);
  EXPECT_THROW(a.merge_bytes(b.to_bytes()), DataError);
  EXPECT_THROW(a.add("c", std::vector<double>{1}, 1), std::invalid_argument);
  EXPECT_FALSE(Accuracy().values()[0].value.has_value());
}

TEST(Accuracy, OfClasses) {
  Accuracy metric;
  const std::vector<double> scores = {7, 6, 5, 4, 3, 2, 1};
  metric.add("a", scores, 0);
  metric.add("b", scores, 2);
  metric.add("c", scores, 2);
  metric.add("d", scores, 5);
  const std::vector<Accuracy::OfClass> classes = metric.classes();
  ASSERT_EQ(classes.size(), 6u);
  EXPECT_EQ(classes[0].num_first, 1);
  EXPECT_EQ(classes[1].num_images, 0);
  EXPECT_EQ(classes[2].num_images, 2);
  EXPECT_EQ(classes[2].num_first, 0);
  EXPECT_EQ(classes[2].num_among_five, 2);
  EXPECT_EQ(classes[5].num_among_five, 0);
}

}  // namespace
}  // namespace glid
