#include "glid/dist/gradient_reducer.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/dist/parameter_shards.h"

namespace glid {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

at::Tensor parameter(at::IntArrayRef shape) { return at::ones(shape, at::kDouble).set_requires_grad(true); }

class GradientReducerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Communicator> alone_ = make_communicator(LaunchEnv{}, at::kCPU);
};

TEST_F(GradientReducerTest, GradientsAreZeroFromTheStartAndTheSameTensorsForEver) {
  const at::Tensor a = parameter({2, 3}), b = parameter({3});
  GradientReducer reducer({{"a", a}, {"b", b}}, *alone_);
  const std::vector<at::Tensor> held = reducer.gradients();
  ASSERT_EQ(held.size(), 2u);
  EXPECT_TRUE(held[0].equal(at::zeros_like(a)));
  for (int step = 1; step < 4; ++step) {
    reducer.zero();
    reducer.backward(step * (a * b).sum(), /*last=*/true);
    EXPECT_TRUE(held[0].equal(at::full_like(a, step)));
    EXPECT_TRUE(a.grad().is_same(held[0]));
    EXPECT_TRUE(reducer.gradients()[0].is_same(held[0]));
  }
}

TEST_F(GradientReducerTest, GradientsOfAnUpdateHaveNoMemoryBeforeIt) {
  const at::Tensor a = parameter({1000});
  GradientReducer reducer({{"a", a}}, *alone_);
  reducer.zero();
  EXPECT_EQ(reducer.gradients()[0].storage().nbytes(), 0u);
  EXPECT_FALSE(a.grad().defined());
}

// Backward gives both parameters views of one tensor; each is added to and changed in place afterwards.
TEST_F(GradientReducerTest, GradientsShareNoMemory) {
  const at::Tensor a = parameter({2, 3}), b = parameter({3, 2}), slope = at::arange(6, at::kDouble);
  GradientReducer reducer({{"a", a}, {"b", b}}, *alone_);
  for (const int64_t micro_batches : {1, 2}) {
    reducer.zero();
    for (int64_t i = 0; i < micro_batches; ++i)
      reducer.backward(((a.view({6}) + b.view({6})) * slope).sum(), /*last=*/i + 1 == micro_batches);
    for (const at::Tensor& gradient : reducer.gradients()) gradient.mul_(2);
    for (const at::Tensor& gradient : reducer.gradients())
      EXPECT_TRUE(gradient.flatten().equal(2 * micro_batches * slope)) << micro_batches;
  }
}

TEST_F(GradientReducerTest, AccumulatesOverMicroBatches) {
  const at::Tensor a = parameter({4});
  GradientReducer reducer({{"a", a}}, *alone_);
  reducer.backward(a.sum(), /*last=*/false);
  reducer.backward(2 * a.sum(), /*last=*/true);
  EXPECT_TRUE(reducer.gradients()[0].equal(at::full({4}, 3.0, at::kDouble)));
  reducer.zero();
  reducer.backward(3 * a.sum(), /*last=*/false);
  reducer.backward(a.sum(), /*last=*/true);
  EXPECT_TRUE(reducer.gradients()[0].equal(at::full({4}, 4.0, at::kDouble)));
}

TEST_F(GradientReducerTest, NamesAParameterWithoutGradient) {
  const at::Tensor a = parameter({2}), b = parameter({2});
  GradientReducer reducer({{"encoder.a", a}, {"heads.b", b}}, *alone_);
  EXPECT_NO_THROW(reducer.backward(a.sum(), /*last=*/false));
  EXPECT_THAT([&] { reducer.backward(a.sum(), /*last=*/true); },
              ThrowsMessage<c10::Error>(HasSubstr("the loss does not depend on heads.b")));
}

TEST_F(GradientReducerTest, RefusesWhatIsNotASetOfParameters) {
  const at::Tensor a = parameter({2}), b = parameter({2});
  const auto make = [&](const NamedTensors& p) { return [&, p] { GradientReducer(p, *alone_); }; };
  EXPECT_THAT(make({}), ThrowsMessage<c10::Error>(HasSubstr("no parameters")));
  EXPECT_THAT(make({{"a", a}, {"tied", a}}), ThrowsMessage<c10::Error>(HasSubstr("tied is the same tensor")));
  EXPECT_THAT(make({{"a", a}, {"a", b}}), ThrowsMessage<c10::Error>(HasSubstr("two parameters are named a")));
  EXPECT_THAT(make({{"a", a * 2}}), ThrowsMessage<c10::Error>(HasSubstr("a is not a leaf")));
  EXPECT_THAT(make({{"a", at::ones({2})}}), ThrowsMessage<c10::Error>(HasSubstr("requires a gradient")));
}

TEST_F(GradientReducerTest, LeavesNoHooksBehind) {
  const at::Tensor a = parameter({2}), b = parameter({2});
  { GradientReducer reducer({{"a", a}, {"b", b}}, *alone_); }
  GradientReducer later({{"a", a}}, *alone_);
  later.backward((a * b).sum(), /*last=*/true);
  EXPECT_TRUE(a.grad().equal(b.detach()));
}

TEST(BucketSizes, GoFromTheLastParameterToTheFirst) {
  const at::Tensor small = at::zeros({10}), large = at::zeros({1000});  // 40 and 4,000 bytes
  EXPECT_EQ(bucket_sizes({{"a", large}, {"b", small}, {"c", small}, {"d", large}}, 4050),
            (std::vector<int64_t>{4080, 4000}));
}

TEST(SpreadOver, GivesTheLargestToWhoHasLeast) {
  const auto sized = [](int64_t size) { return at::zeros({size}); };
  const NamedTensors parameters{{"a", sized(64)}, {"b", sized(640)}, {"c", sized(320)}, {"d", sized(1)}, {"e", sized(320)}};
  EXPECT_EQ(spread_over(parameters, 2), (std::vector<int>{0, 0, 1, 1, 1}));
  EXPECT_EQ(largest_share(parameters, 2), 704);
  EXPECT_EQ(largest_share(parameters, 1), 1408);
  EXPECT_EQ(spread_over({{"a", sized(1)}}, 3), std::vector<int>{0});
}

TEST(LocalGroup, IsAGroupOfOne) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  const at::Tensor values = at::arange(3);
  alone->all_reduce_sum(values);
  alone->broadcast(values, 0);
  alone->barrier();
  EXPECT_TRUE(values.equal(at::arange(3)));
  EXPECT_TRUE(alone->is_main());
  EXPECT_EQ(alone->size(), 1);
}

}  // namespace
}  // namespace glid
