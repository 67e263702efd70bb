// One configuration on 1, 2 and 3 ranks, with the optimizer spread over them and not: the same losses, the same state, and
// how often ranks talk in a step.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <mutex>

#include "glid/config/read.h"
#include "glid/train/session.h"
#include "support/on_ranks.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr int64_t kUpdates = 3;

const char* const kPretraining = "task={name: masked_image, mask_ratio: 0.5}";
const char* const kDetection =  // matched, in every layer
    "task={name: detection, queries: 12, one_to_many: {queries: 24, repeats: 2}, query_init: normal}";

RunConfig configured(std::vector<std::string> settings) {
  settings.insert(settings.begin(), {"data={name: scenes, kind: classes, count: 24, size: 32, image_size: 32, workers: 0}",
                                     "train.batch_size=6", "train.bucket_mib=0.25"});
  RunConfig config;
  config::read(config::load_tree(std::string(GLID_SOURCE_DIR) + "/tests/support/small_run.yaml", settings), config);
  return config;
}

struct Trained {
  Trained(const RunConfig& config, Communicator& communicator)
      : session(config, make_dataset(config.data, Split::kTrain), batch_layout(config, communicator), communicator,
                at::kCPU) {
    at::set_num_threads(1);
  }

  StepResult update() { return *train_step(session.learner, session.loader.next(), session.config.optim.lr); }
  // Of the global batches.
  std::vector<double> losses() {
    std::vector<double> losses;
    for (int64_t i = 0; i < kUpdates; ++i) {
      const at::Tensor loss = update().loss.to(at::kDouble);
      session.communicator.all_reduce_sum(loss);
      losses.push_back(loss.item<double>());
    }
    return losses;
  }

  Session session;
};

// Of this rank, in bytes.
int64_t bytes_of(const NamedTensors& tensors) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

void expect_equal(const NamedTensors& a, const NamedTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].first, b[i].first);
    EXPECT_TRUE(a[i].second.equal(b[i].second)) << a[i].first;
  }
}

struct Law {
  const char* name;
  int num_ranks;
  const char* task;
};
void PrintTo(const Law& law, std::ostream* out) { *out << law.name << law.num_ranks; }

class RanksLaw : public testing::TestWithParam<Law> {};

TEST_P(RanksLaw, ManyMakeTheLossesOfOne) {
  if (!on_ranks(GetParam().num_ranks)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU), alone = make_communicator(LaunchEnv{}, at::kCPU);
  const RunConfig config = configured({GetParam().task});
  const std::vector<double> of_one = Trained(config, *alone).losses(), of_many = Trained(config, *group).losses();
  for (size_t i = 0; i < of_one.size(); ++i)
    EXPECT_NEAR(of_many[i], of_one[i], 2e-5 * std::abs(of_one[i])) << "update " << i + 1;
  EXPECT_NE(of_one.front(), of_one.back());
}

TEST_P(RanksLaw, ASpreadOptimizerGivesTheSameBits) {
  if (!on_ranks(GetParam().num_ranks)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  const std::vector<std::string> settings{GetParam().task, "optim.ema=0.9", "optim.freeze=[bifpn]", "optim.clip=0.5"};
  std::vector<std::string> sharded = settings;
  sharded.push_back("train.shard_optimizer=true");
  Trained whole(configured(settings), *group), spread(configured(sharded), *group);
  EXPECT_EQ(spread.losses(), whole.losses());
  expect_equal(named_parameters(*spread.session.model), named_parameters(*whole.session.model));
  const NamedTensors state = spread.session.optimizer->whole_state(), averages = spread.session.ema->whole_state();
  if (group->is_main()) {
    expect_equal(state, whole.session.optimizer->state());
    expect_equal(averages, whole.session.ema->state());
  }
  const double part = static_cast<double>(bytes_of(spread.session.optimizer->state())) /
                      static_cast<double>(bytes_of(whole.session.optimizer->state()));
  EXPECT_NEAR(part, 1.0 / group->size(), 0.05);

  spread.session.ema->swap();
  whole.session.ema->swap();
  expect_equal(named_parameters(*spread.session.model), named_parameters(*whole.session.model));
}

INSTANTIATE_TEST_SUITE_P(All, RanksLaw,
                         testing::Values(Law{"Pretraining", 2, kPretraining}, Law{"Pretraining", 3, kPretraining},
                                         Law{"Detection", 2, kDetection}, Law{"Detection", 3, kDetection}),
                         [](const auto& info) { return info.param.name + std::to_string(info.param.num_ranks); });

// What this process asks c10d for while it lives, in all threads.
class Collectives {
 public:
  Collectives() {
    counts().clear();
    handle_ = at::addGlobalCallback(at::RecordFunctionCallback(&Collectives::note).scopes({at::RecordScope::FUNCTION}));
  }
  ~Collectives() { at::removeCallback(handle_); }
  Collectives(const Collectives&) = delete;
  Collectives& operator=(const Collectives&) = delete;

  static std::map<std::string, int>& counts() {
    static std::map<std::string, int> counts;
    return counts;
  }

 private:
  static std::unique_ptr<at::ObserverContext> note(const at::RecordFunction& call) {
    static std::mutex mutex;
    const std::string name = call.name();
    if (name.starts_with("c10d::")) {
      const std::lock_guard lock(mutex);
      ++counts()[name];
    }
    return nullptr;
  }

  at::CallbackHandle handle_;
};

// Beside the gradients' buckets: the counts, and where the optimizer is spread the parameters.
TEST(RanksLaw, AStepTalksOnceBesideTheGradients) {
  if (!on_ranks(2)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  for (const char* task : {kPretraining, kDetection}) {
    const auto calls_of = [&](const std::vector<std::string>& more) {
      std::vector<std::string> settings = more;
      settings.insert(settings.begin(), {task, "optim.ema=0.9", "optim.clip=0.5"});
      Trained trained(configured(settings), *group);
      trained.update();
      const Collectives collectives;
      trained.update();
      return Collectives::counts();
    };
    const int buckets =
        std::ssize(bucket_sizes(named_parameters(*Trained(configured({task}), *group).session.model), 1 << 18));
    ASSERT_GT(buckets, 2);
    EXPECT_THAT(calls_of({}), ElementsAre(Pair("c10d::allreduce_", buckets + 1)));
    EXPECT_THAT(calls_of({"train.shard_optimizer=true"}),
                ElementsAre(Pair("c10d::_allgather_base_", 1), Pair("c10d::allreduce_", buckets + 1)));
    EXPECT_THAT(calls_of({"train.gradient_compression=bf16"}),
                ElementsAre(Pair("c10d::_allgather_base_", buckets), Pair("c10d::allreduce_", 1),
                            Pair("c10d::alltoall_base_", buckets)));
  }
}

TEST(RanksLaw, GradientsInBf16LearnAsWell) {
  if (!on_ranks(2)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  const std::vector<double> exact = Trained(configured({kPretraining}), *group).losses(),
                            rounded =
                                Trained(configured({kPretraining, "train.gradient_compression=bf16"}), *group).losses();
  EXPECT_EQ(rounded[0], exact[0]);
  for (size_t i = 1; i < exact.size(); ++i) EXPECT_NEAR(rounded[i], exact[i], 1e-2 * std::abs(exact[i]));
  EXPECT_NE(rounded, exact);
}

// Of three micro-batches an update, with a scale of fp16 that the first updates overflow by.
TEST(RanksLaw, ASpreadOptimizerSkipsAndAccumulatesAlike) {
  if (!on_ranks(2)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  const auto trained = [&](const char* sharded) {
    Trained trained(configured({kPretraining, "train.accumulate=3", "optim.ema=0.9", "optim.clip=0.5", sharded}), *group);
    trained.session.scaler = LossScaler(Precision::kFp16, at::kCPU);
    trained.session.scaler.set_state({std::ldexp(1.0, 127), 0});
    std::vector<float> skipped;
    for (int64_t i = 0; i < 8; ++i) skipped.push_back(trained.update().found_inf.item<float>());
    EXPECT_EQ(skipped.front(), 1);
    EXPECT_EQ(skipped.back(), 0);
    NamedTensors state = trained.session.optimizer->whole_state();
    if (!group->is_main()) state.clear();  // it has a part
    for (const auto& [name, tensor] : named_parameters(*trained.session.model))
      state.emplace_back(name, tensor.detach().clone());
    return std::pair(skipped, state);
  };
  const auto [whole_skipped, whole] = trained("train.shard_optimizer=false");
  const auto [spread_skipped, spread] = trained("train.shard_optimizer=true");
  EXPECT_EQ(spread_skipped, whole_skipped);
  expect_equal(spread, whole);
}

TEST(RanksLaw, BlocksThatAreRecomputedInBf16GiveTheSameBits) {
  if (!on_ranks(2)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  const std::vector<std::string> settings{kPretraining, "train.precision=bf16", "train.accumulate=3"};
  std::vector<std::string> recomputed = settings;
  recomputed.push_back("train.activation_checkpointing=true");
  Trained kept(configured(settings), *group), again(configured(recomputed), *group);
  EXPECT_EQ(again.losses(), kept.losses());
  expect_equal(named_parameters(*again.session.model), named_parameters(*kept.session.model));
}

}  // namespace
}  // namespace glid
