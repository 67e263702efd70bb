#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>

#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "glid/core/crc32c.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/peer_failed.h"
#include "glid/dist/gradient_reducer.h"
#include "glid/dist/parameter_shards.h"
#include "glid/dist/together.h"
#include "support/on_ranks.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr int64_t kRows = 8, kWidth = 400;
constexpr double kTolerance = 1e-12;  // of each tensor's largest value

// Values from a formula: the same in every process.
at::Tensor values(at::IntArrayRef shape, double phase) {
  const int64_t count = c10::multiply_integers(shape);
  return at::sin(at::arange(count, at::kDouble) * 0.37 + phase).reshape(shape);
}

// A perceptron whose weights of 1.2 MiB fill one bucket each.
struct Perceptron {
  NamedTensors parameters;

  explicit Perceptron(double phase = 0.0)
      : parameters{{"in.weight", values({kWidth, kWidth}, phase)},
                   {"in.bias", values({kWidth}, phase + 1)},
                   {"out.weight", values({kWidth, kWidth}, phase + 2)},
                   {"scale", values({}, phase + 3)}} {
    for (auto& [name, tensor] : parameters) tensor.set_requires_grad(true);
  }

  // Sum over the rows [from, to) of the one global batch, divided by its size.
  at::Tensor loss(int64_t from, int64_t to) const {
    const at::Tensor rows = values({kRows, kWidth}, 5.0).slice(0, from, to);
    const at::Tensor hidden = at::tanh(at::linear(rows, parameters[0].second / kWidth, parameters[1].second));
    return at::linear(hidden, parameters[2].second).mul(parameters[3].second).square().sum() / double(kRows * kWidth);
  }
};

std::vector<at::Tensor> gradients_in_one_process() {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  const Perceptron model;
  GradientReducer reducer(model.parameters, *alone);
  reducer.backward(model.loss(0, kRows), /*last=*/true);
  return reducer.gradients();
}

void expect_close(const std::vector<at::Tensor>& actual, const std::vector<at::Tensor>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    const double largest = expected[i].abs().max().item<double>();
    ASSERT_GT(largest, 0.0);
    EXPECT_LE((actual[i] - expected[i]).abs().max().item<double>(), kTolerance * largest) << "tensor " << i;
  }
}

// This rank's share of the global batch in `accumulate` micro-batches.
void run_update(const Perceptron& model, GradientReducer& reducer, const Communicator& group, int64_t accumulate) {
  const int64_t micro = kRows / group.size() / accumulate;
  reducer.zero();
  for (int64_t i = 0; i < accumulate; ++i) {
    const int64_t from = (group.rank() * accumulate + i) * micro;
    reducer.backward(model.loss(from, from + micro) * group.size(), /*last=*/i + 1 == accumulate);
  }
}

std::unique_ptr<Communicator> join() {
  at::set_num_threads(1);
  return make_communicator(read_launch_env(), at::kCPU);
}

TEST(Group, SumsBroadcastsAndMeets) {
  if (!on_ranks(3)) return;
  const auto group = join();
  const at::Tensor sums = at::full({2, 2}, group->rank() + 1.0, at::kDouble);
  group->all_reduce_sum(sums);
  EXPECT_TRUE(sums.equal(at::full({2, 2}, 6.0, at::kDouble)));
  const at::Tensor counts = at::tensor({int64_t{1} << 40, int64_t{group->rank()}});
  group->all_reduce_sum(counts);
  EXPECT_TRUE(counts.equal(at::tensor({3 * (int64_t{1} << 40), int64_t{3}})));
  const at::Tensor from_last = at::arange(4) * group->rank();
  group->broadcast(from_last, 2);
  EXPECT_TRUE(from_last.equal(at::arange(4) * 2));
  const at::Tensor parts = at::full({6}, group->rank() + 1.0);
  group->all_gather(parts);
  EXPECT_TRUE(parts.equal(at::tensor({1.0F, 1.0F, 2.0F, 2.0F, 3.0F, 3.0F})));
  group->barrier();
  EXPECT_THROW(group->all_reduce_sum(at::zeros({4, 4}).t().slice(0, 0, 2)), c10::Error);
}

// Each rank's bytes differ in number and content; all values of a byte occur.
std::string bytes_of(int rank, size_t length) {
  std::string bytes;
  for (size_t i = 0; i < length; ++i) bytes += static_cast<char>(i * 7 + static_cast<size_t>(rank));
  return bytes;
}

TEST(Group, GathersBytesOfAnyLength) {
  if (!on_ranks(3)) return;
  const auto group = join();
  const std::array<std::array<size_t, 3>, 4> cases{{{5, 0, 1000}, {0, 3, 0}, {0, 0, 0}, {300000, 1, 2}}};
  for (const auto& lengths : cases) {
    std::vector<std::string> all;
    for (int rank = 0; rank < 3; ++rank) all.push_back(bytes_of(rank, lengths[static_cast<size_t>(rank)]));
    EXPECT_TRUE(group->all_gather_bytes(all[static_cast<size_t>(group->rank())]) == all);
  }
}

TEST(Group, OfOneGathersItsOwnBytes) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  EXPECT_EQ(alone->all_gather_bytes(bytes_of(0, 300)), std::vector{bytes_of(0, 300)});
  EXPECT_EQ(alone->all_gather_bytes(""), std::vector{std::string()});
}

constexpr const char* kPort = "GLID_TEST_PORT";

// This rank's environment as torchrun would have set it, with a store on this host.
LaunchEnv torchrun_env() {
  LaunchEnv env = read_launch_env();
  env.store_file.clear();
  env.master_addr = "127.0.0.1";
  env.master_port = std::stoi(std::getenv(kPort));
  return env;
}

void expect_sum_over_two(const LaunchEnv& env) {
  const auto group = make_communicator(env, at::kCPU);
  const at::Tensor sum = at::tensor({env.rank + 1});
  group->all_reduce_sum(sum);
  EXPECT_EQ(sum.item<int>(), 3);
}

uint16_t free_port() { return c10d::TCPStore("127.0.0.1", {.port = 0, .isServer = true, .waitWorkers = false}).getPort(); }

constexpr int kNotMet = 99;

// Between its choice and its use another program may take the port: then on another one.
TEST(Group, MeetsAtTheStoreOfRankZero) {
  if (in_rank()) {
    try {
      return expect_sum_over_two(torchrun_env());
    } catch (const Error&) {
      std::_Exit(kNotMet);
    }
  }
  int code = kNotMet;
  for (int attempt = 0; attempt < 5 && code == kNotMet; ++attempt) {
    ::setenv(kPort, std::to_string(free_port()).c_str(), 1);
    code = run_on_ranks(2, /*grace_s=*/1);
  }
  EXPECT_EQ(code, 0);
}

TEST(Group, MeetsAtTheStoreOfTheAgent) {
  const auto agent = in_rank() ? nullptr
                               : std::make_unique<c10d::TCPStore>(
                                     "127.0.0.1", c10d::TCPStoreOptions{.port = 0, .isServer = true, .waitWorkers = false});
  if (agent) ::setenv(kPort, std::to_string(agent->getPort()).c_str(), 1);
  if (!on_ranks(2)) return;
  LaunchEnv env = torchrun_env();
  env.agent_store = true;
  for (env.restart_count = 0; env.restart_count < 2; ++env.restart_count) expect_sum_over_two(env);
}

TEST(Group, OfOneLaunchedRankIsAGroupToo) {
  if (!on_ranks(1)) return;
  const auto group = join();
  const Perceptron model;
  GradientReducer reducer(model.parameters, *group);
  run_update(model, reducer, *group, 1);
  expect_close(reducer.gradients(), gradients_in_one_process());
}

TEST(Group, TwoRanksGiveTheGradientsOfOne) {
  if (!on_ranks(2)) return;
  const auto group = join();
  const Perceptron model;
  GradientReducer reducer(model.parameters, *group);
  run_update(model, reducer, *group, 1);
  expect_close(reducer.gradients(), gradients_in_one_process());
}

// 256 + 1 is 256 in bf16: sums of it would depend on the order of the ranks.
TEST(Group, GradientsSentInBf16AreSummedInTheirOwnType) {
  if (!on_ranks(3)) return;
  const auto group = join();
  const at::Tensor a = at::ones({1000}, at::kFloat).set_requires_grad(true), b = at::ones({7}).set_requires_grad(true);
  GradientReducer reducer({{"a", a}, {"b", b}}, *group, {.compression = GradientCompression::kBf16});
  const double factor = std::array{256.0, 1.0, -256.0}[static_cast<size_t>(group->rank())];
  for (int step = 0; step < 2; ++step) {
    reducer.zero();
    reducer.backward(((a * factor).sum() + (b * (1 + group->rank())).sum()) / 2, /*last=*/false);
    reducer.backward(((a * factor).sum() + (b * (1 + group->rank())).sum()) / 2, /*last=*/true);
    EXPECT_TRUE(a.grad().equal(at::full({1000}, 1.0 / 3).to(at::kBFloat16).to(at::kFloat)));
    EXPECT_TRUE(b.grad().equal(at::full({7}, 2.0)));
  }
}

TEST(Group, GradientsSentInBf16AreTheExactOnesButForRounding) {
  if (!on_ranks(2)) return;
  const auto group = join();
  const Perceptron model;
  GradientReducer reducer(model.parameters, *group, {.compression = GradientCompression::kBf16, .bucket_bytes = 1000});
  run_update(model, reducer, *group, 1);
  const std::vector<at::Tensor> expected = gradients_in_one_process();
  for (size_t i = 0; i < expected.size(); ++i) {
    const double error = (reducer.gradients()[i] - expected[i]).abs().max().item<double>();
    EXPECT_GT(error, 0.0);
    EXPECT_LE(error, std::ldexp(1.0, -7) * expected[i].abs().max().item<double>());
  }
}

TEST(Group, AccumulationTalksOnlyInTheLastMicroBatch) {
  if (!on_ranks(2)) return;
  const auto group = join();
  const Perceptron model;
  GradientReducer reducer(model.parameters, *group);
  run_update(model, reducer, *group, 2);
  expect_close(reducer.gradients(), gradients_in_one_process());

  // Only rank 0 accumulates: any all-reduce in it would wait for rank 1 for ever.
  reducer.zero();
  if (group->is_main()) reducer.backward(model.loss(0, 2), /*last=*/false);
  reducer.backward(model.loss(2, 4), /*last=*/true);
  const at::Tensor squares = reducer.gradients()[3].square();
  group->all_reduce_sum(squares);
  EXPECT_DOUBLE_EQ(squares.item<double>(), 2 * reducer.gradients()[3].square().item<double>());
}

TEST(Group, GradientsStayInTheirBuckets) {
  if (!on_ranks(2)) return;
  const auto group = join();
  const Perceptron model;
  GradientReducer reducer(model.parameters, *group);
  std::vector<const void*> places;
  for (const at::Tensor& gradient : reducer.gradients()) {
    EXPECT_EQ(gradient.abs().sum().item<double>(), 0.0);
    places.push_back(gradient.data_ptr());
  }
  EXPECT_TRUE(reducer.gradients()[2].is_alias_of(reducer.gradients()[3]));
  EXPECT_FALSE(reducer.gradients()[0].is_alias_of(reducer.gradients()[3]));
  for (int step = 0; step < 3; ++step) {
    run_update(model, reducer, *group, 2);
    for (size_t i = 0; i < places.size(); ++i) EXPECT_EQ(reducer.parameters()[i].second.grad().data_ptr(), places[i]);
  }
  expect_close(reducer.gradients(), gradients_in_one_process());
  reducer.zero();
  EXPECT_EQ(model.parameters[0].second.grad().abs().max().item<double>(), 0.0);
}

TEST(Group, StartsFromTheParametersOfRankZero) {
  if (!on_ranks(2)) return;
  const auto group = join();
  const Perceptron model(/*phase=*/group->rank() * 0.1);
  const GradientReducer reducer(model.parameters, *group);
  const Perceptron first;
  for (size_t i = 0; i < first.parameters.size(); ++i) {
    EXPECT_TRUE(model.parameters[i].second.equal(first.parameters[i].second)) << first.parameters[i].first;
  }
}

TEST(Group, RefusesRanksWithDifferentModels) {
  if (!on_ranks(2)) return;
  const auto group = join();
  const auto make = [&](const std::string& name, at::IntArrayRef shape) {
    return [&group, name, shape] { GradientReducer({{name, at::ones(shape).set_requires_grad(true)}}, *group); };
  };
  const std::string rank_0 = "rank 0: another rank has different parameters";
  const bool main = group->is_main();
  EXPECT_THAT(make("a", main ? at::IntArrayRef{2} : at::IntArrayRef{2, 3}),
              ThrowsMessage<c10::Error>(HasSubstr(main ? rank_0 : "rank 1: parameter 0, a [2, 3] of Float here, differs")));
  EXPECT_THAT(make(main ? "a" : "b", {2}), ThrowsMessage<c10::Error>(HasSubstr(main ? rank_0 : "rank 1: parameter 0, b")));
  const at::Tensor a = at::ones({2}).set_requires_grad(true), b = at::ones({2}).set_requires_grad(true);
  const auto parameters = main ? NamedTensors{{"a", a}} : NamedTensors{{"a", a}, {"b", b}};
  EXPECT_THAT([&] { GradientReducer(parameters, *group); },
              ThrowsMessage<c10::Error>(HasSubstr(main ? rank_0 : "rank 1: the number of parameters, 2 here, differs")));
}

TEST(Group, RanksThatLeaveAParameterOutSaySo) {
  if (!on_ranks(2)) return;
  const auto group = join();
  const Perceptron model;
  GradientReducer reducer(model.parameters, *group);
  EXPECT_THAT([&] { reducer.backward(model.parameters[1].second.sum(), /*last=*/true); },
              ThrowsMessage<c10::Error>(HasSubstr("the loss does not depend on in.weight")));
}

TEST(Group, OneRankThatLeavesAParameterOutEndsTheOther) {
  if (in_rank()) {
    const auto group = join();
    const Perceptron model;
    GradientReducer reducer(model.parameters, *group);
    reducer.backward(group->is_main() ? model.loss(0, 4) : model.parameters[1].second.sum(), /*last=*/true);
    return;
  }
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run_on_ranks(2), 1);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("rank 1 of 2 failed"));
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("the loss does not depend on in.weight"));
}

TEST(Group, RunsGiveTheSameBits) {
  if (in_rank()) {
    const auto group = join();
    const Perceptron model;
    GradientReducer reducer(model.parameters, *group);
    std::string sums;
    for (int64_t accumulate : {1, 2, 4}) {
      run_update(model, reducer, *group, accumulate);
      for (const at::Tensor& gradient : reducer.gradients()) {
        sums += format("{:08x}\n", crc32c(gradient.data_ptr(), gradient.nbytes()));
      }
    }
    write_file(fs::path(std::getenv("GLID_TEST_FOLDER")) / std::to_string(group->rank()), sums);
    return;
  }
  const TemporaryFolder folder;
  ::setenv("GLID_TEST_FOLDER", folder.path().c_str(), 1);
  ASSERT_EQ(run_on_ranks(2), 0);
  const std::string sums = read_file(folder.path() / "0");
  EXPECT_EQ(read_file(folder.path() / "1"), sums);
  ASSERT_EQ(run_on_ranks(2), 0);
  EXPECT_EQ(read_file(folder.path() / "0"), sums);
}

TEST(ParameterShards, GiveEverybodyWhatTheOwnersHave) {
  if (!on_ranks(3)) return;
  const auto group = join();
  NamedTensors parameters{{"a", values({5, 3}, 0)}, {"b", values({}, 1)}, {"c", values({200}, 2)}, {"d", values({64}, 3)}};
  const ParameterShards shards(parameters, *group);
  const auto value = [](size_t i) { return 10.0 * static_cast<double>(i) + 1; };
  for (size_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor& tensor = parameters[i].second;
    EXPECT_TRUE(tensor.equal(values(tensor.sizes(), static_cast<double>(i))));
    EXPECT_TRUE(tensor.is_alias_of(parameters[0].second));
    tensor.fill_(shards.is_own(parameters[i].first) ? value(i) : -1);
  }
  shards.share();
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, tensor] = parameters[i];
    EXPECT_TRUE(tensor.equal(at::full_like(tensor, value(i)))) << name;
    const at::Tensor kept = shards.on_main(name, at::full_like(tensor, shards.is_own(name) ? value(i) + 1 : -1));
    ASSERT_EQ(kept.defined(), group->is_main());
    if (kept.defined()) {
      EXPECT_TRUE(kept.equal(at::full_like(tensor, value(i) + 1))) << name;
    }
  }
}

TEST(Together, OneThatFailsEndsAllAndOnlyItSaysWhy) {
  if (!on_ranks(2)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  work_together(
      *group, [] {}, "work");
  const auto fails_on_rank_one = [&] {
    if (group->rank() == 1) throw DataError("file", "can't be read");
  };
  if (group->rank() == 1) EXPECT_THROW(work_together(*group, fails_on_rank_one, "work"), DataError);
  else EXPECT_THROW(work_together(*group, fails_on_rank_one, "work"), PeerFailedError);
  work_together(
      *group, [] {}, "work");
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_program("test", [] { return throw PeerFailedError("rank 0", "another rank failed"), ExitCode::kDone; }), 5);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace glid
