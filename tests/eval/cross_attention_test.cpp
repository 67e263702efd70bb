#include "glid/eval/cross_attention.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace glid {
namespace {

// Of one picture: two queries, three classes.
Answer answer() { return {{{"class", at::tensor({2.0, -1.0, 0.5, 1.0, 1.5, -3.0}).view({1, 1, 2, 3})}}, {}}; }

HeadSpec head(Logits logits) { return {.name = "class", .outputs = 3, .logits = logits}; }

// The same numbers of the same shape: what they mean is what the head says.
TEST(ClassOfQuery, HasTheScoreThatTheHeadsLogitsMean) {
  const at::Tensor logits = answer().at("class")[0][0];
  const auto each = surest_query(answer(), head(Logits::kEach), 0, 3),
             one = surest_query(answer(), head(Logits::kOneOf), 0, 3);
  EXPECT_EQ(each.query, 0);
  EXPECT_EQ(each.category, 0);
  EXPECT_NEAR(each.score, logits[0].sigmoid()[0].item<double>(), 1e-6);
  EXPECT_NEAR(one.score, logits[0].softmax(0)[0].item<double>(), 1e-6);
  const auto without_last = class_of_query(answer(), head(Logits::kOneOf), 0, 0, 2);  // which means no class
  EXPECT_NEAR(without_last.score, one.score, 1e-6);
  EXPECT_EQ(class_of_query(answer(), head(Logits::kEach), 0, 1, 3).category, 1);
  EXPECT_ANY_THROW(surest_query(answer(), head(Logits::kNone), 0, 3));
}

}  // namespace
}  // namespace glid
