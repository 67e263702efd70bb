#include "glid/nn/attention_watch.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "glid/nn/attention.h"

namespace glid {
namespace {

// One head of four channels whose projections do nothing: the answer is the weighted mean of the values.
std::shared_ptr<MultiheadAttention> plain_attention() {
  auto attention = std::make_shared<MultiheadAttention>(4, 1);
  const at::NoGradGuard no_grad;
  attention->in_proj->weight.copy_(at::eye(4).repeat({3, 1}));
  attention->in_proj->bias.zero_();
  attention->out_proj->weight.copy_(at::eye(4));
  attention->out_proj->bias.zero_();
  return attention;
}

at::Tensor numbers(const std::vector<int64_t>& shape, double step) {
  int64_t count = 1;
  for (const int64_t length : shape) count *= length;
  return (at::arange(count, at::kDouble) * step).sin().to(at::kFloat).view(shape);
}

TEST(AttentionWatch, SeesTheWeightsThatTheAnswerIsMadeOf) {
  const at::NoGradGuard no_grad;
  const auto attention = plain_attention();
  const at::Tensor query = numbers({2, 3, 4}, 0.7), key = numbers({2, 5, 4}, 1.3), value = numbers({2, 5, 4}, 0.4);
  const at::Tensor mask = at::ones({2, 1, 1, 5}, at::kBool);
  mask[1][0][0][4].fill_(false);
  for (const at::Tensor& used : {at::Tensor(), mask}) {
    std::vector<Attended> seen;
    at::Tensor answer;
    {
      const AttentionWatch watch([&](const MultiheadAttention& who, const Attended& attended) {
        EXPECT_EQ(&who, attention.get());
        seen.push_back(attended);
      });
      answer = attention->forward(query, key, value, used);
    }
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_TRUE(at::equal(answer, attention->forward(query, key, value, used))) << "the same bits without a watch";
    ASSERT_EQ(seen.size(), 1u) << "nobody watches any more";
    for (int64_t b = 0; b < 2; ++b)
      for (int64_t q = 0; q < 3; ++q) {
        const at::Tensor weights = seen[0].weights(b, q);
        EXPECT_TRUE(at::allclose(weights.matmul(value[b]), answer[b][q], 1e-5, 1e-6)) << b << " " << q;
        EXPECT_NEAR(weights.sum().item<double>(), 1, 1e-6);
      }
    if (used.defined()) {
      EXPECT_EQ(seen[0].weights(1, 2)[4].item<float>(), 0);
    }
  }
}

TEST(AttentionWatch, IsOneAtATime) {
  const AttentionWatch watch([](const auto&, const auto&) {});
  EXPECT_ANY_THROW(AttentionWatch([](const auto&, const auto&) {}));
}

}  // namespace
}  // namespace glid
