#include "glid/train/step.h"

#include <ATen/record_function.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "glid/nn/transfer.h"
#include "support/small_run.h"
#include "support/two_questions.h"

namespace glid {
namespace {

std::vector<at::Tensor> gradients_of(at::ScalarType type, const std::vector<std::pair<int64_t, int64_t>>& parts) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, type);
  std::vector<Batch> batches;
  for (const auto& [first, count] : parts) batches.push_back(run.batch(first, count));
  run.accumulate(batches);
  std::vector<at::Tensor> copies;
  for (const at::Tensor& gradient : run.gradients.gradients()) copies.push_back(gradient.clone());
  return copies;
}

TEST(TrainStep, MicroBatchesGiveTheGradientsOfOneBatch) {
  EXPECT_LT(largest_difference(gradients_of(at::kDouble, {{0, 4}, {4, 4}}), gradients_of(at::kDouble, {{0, 8}})), 1e-10);
  EXPECT_LT(largest_difference(gradients_of(at::kFloat, {{0, 4}, {4, 4}}), gradients_of(at::kFloat, {{0, 8}})), 3e-5);
  EXPECT_LT(largest_difference(gradients_of(at::kDouble, {{0, 2}, {2, 6}}), gradients_of(at::kDouble, {{0, 8}})), 1e-10);
}

TEST(TrainStep, TheSameStepTwiceIsBitEqual) {
  EXPECT_EQ(largest_difference(gradients_of(at::kFloat, {{0, 8}}), gradients_of(at::kFloat, {{0, 8}})), 0);
}

TEST(TrainStep, SkipsAnUpdateThatIsNotFinite) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat);
  {
    const at::NoGradGuard no_grad;
    run.model->heads->heads[0]->bias[0] = std::numeric_limits<float>::infinity();
  }
  const at::Tensor before = run.model->decoder->cls_token.detach().clone();
  const StepResult result = *train_step(run.learner, {run.batch(0, 2)}, 0.1);
  EXPECT_EQ(result.found_inf.item<float>(), 1);
  EXPECT_TRUE(at::equal(run.model->decoder->cls_token, before));
}

// A scale of fp16 that is too large is no failure.
TEST(TrainStep, ASkippedUpdateLowersTheScaleAndIsNotAveraged) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat);
  run.scaler = LossScaler(Precision::kFp16, at::kCPU);
  run.scaler.set_state({std::ldexp(1.0, 100), 0});
  Ema ema(run.gradients.parameters(), 0.9, /*warms_up=*/true);
  run.learner.ema = &ema;
  const double scale = run.scaler.state()[0];
  const auto update_with_bias = [&](float bias) {
    {
      const at::NoGradGuard no_grad;
      run.model->heads->heads[0]->bias[0] = bias;
    }
    return *train_step(run.learner, {run.batch(0, 2)}, 1e-3);
  };
  const StepResult skipped = update_with_bias(1e18F);  // a finite loss, gradients too large with the scale
  EXPECT_TRUE(at::isfinite(skipped.loss).item<bool>());
  EXPECT_EQ(skipped.found_inf.item<float>(), 1);
  EXPECT_EQ(skipped.failed.item<float>(), 0);
  EXPECT_EQ(run.scaler.state(), (std::array<double, 2>{scale / 2, 0}));
  EXPECT_EQ(ema.state().back().second.item<float>(), 0);
  EXPECT_EQ(update_with_bias(0).found_inf.item<float>(), 0);
  EXPECT_EQ(run.scaler.state(), (std::array<double, 2>{scale / 2, 1}));
  EXPECT_EQ(ema.state().back().second.item<float>(), 1);
  EXPECT_EQ(skipped.lost.item<float>(), 0);
  const StepResult lost = update_with_bias(std::numeric_limits<float>::infinity());
  EXPECT_EQ(lost.lost.item<float>(), 1);
  EXPECT_EQ(lost.failed.item<float>(), 0);  // a smaller scale may help other ranks' losses
  run.scaler.set_state({1, 0});
  EXPECT_EQ(update_with_bias(std::numeric_limits<float>::infinity()).failed.item<float>(), 1);
}

TEST(TrainStep, ClipsToTheNorm) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat);
  run.learner.clip = 1e-3;
  const StepResult result = *train_step(run.learner, {run.batch(0, 2)}, 0.0);
  double squares = 0;
  for (const at::Tensor& gradient : run.gradients.gradients()) squares += gradient.square().sum().item<double>();
  EXPECT_GT(result.grad_norm.item<double>(), 1e-2);  // before clipping
  EXPECT_NEAR(std::sqrt(squares), 1e-3, 1e-6);
}

std::unique_ptr<Task> two_questions() { return std::make_unique<TwoQuestions>(small_model_shape().encoder); }

at::Tensor gradient_of(const SmallRun& run, const std::string& name) { return run.model->named_parameters()[name].grad(); }

// Picture 0 is the first question's: nobody asks the second one anything.
TEST(TrainStep, AQuestionWithoutPicturesHasALossOfZeroAndZeroGradients) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kDouble, two_questions());
  const StepResult result = run.accumulate({run.batch(0, 1)});
  for (const TermShare& term : result.terms) EXPECT_EQ(term.value.item<double>() == 0, term.name == "object") << term.name;
  EXPECT_EQ(gradient_of(run, "heads.object.weight").abs().sum().item<double>(), 0);
  EXPECT_GT(gradient_of(run, "heads.colour.weight").abs().sum().item<double>(), 0);
  const at::Tensor queries = gradient_of(run, "decoder.query_embed");
  EXPECT_GT(queries.slice(0, 0, 2).abs().sum().item<double>(), 0);
  EXPECT_EQ(queries.slice(0, 2).abs().sum().item<double>(), 0);  // the third row is asked by the second question alone
}

TEST(TrainStep, PicturesWithoutObjectsHaveALossOfZeroAndZeroGradients) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  class NoObjects : public TwoQuestions {
   public:
    using TwoQuestions::TwoQuestions;
    std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& at,
                                       bool training) const override {
      return TwoQuestions::prepare(sample, {key.seed, key.epoch, 0}, {at.step, 1}, training);
    }
  };
  SmallRun run(*alone, at::kDouble, std::make_unique<NoObjects>(small_model_shape().encoder));
  const StepResult result = run.accumulate({run.batch(0, 2)});
  EXPECT_EQ(result.loss.item<double>(), 0);
  for (const auto& [name, parameter] : named_parameters(*run.model))
    EXPECT_EQ(parameter.grad().abs().sum().item<double>(), 0) << name;
}

// One division by the count of objects; weights are in the loss, not in the terms.
TEST(TrainStep, TheLossIsTheWeightedSumOfItsTerms) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kDouble, two_questions());
  const StepResult result = run.accumulate({run.batch(0, 3), run.batch(3, 1)});
  double sum = 0;
  std::vector<std::pair<std::string, int64_t>> names;
  for (const TermShare& term : result.terms) {
    names.emplace_back(term.name, term.layer);
    sum += (term.name == "smooth" ? 0.01 : term.name == "object" ? 5 : 1) * term.value.item<double>();
  }
  EXPECT_THAT(names, testing::ElementsAre(testing::Pair("colour", 1), testing::Pair("object", 1), testing::Pair("colour", 0),
                                          testing::Pair("object", 0), testing::Pair("smooth", 0)));
  EXPECT_NEAR(result.loss.item<double>(), sum, 1e-10 * sum);
  const std::map<std::string, double> counts = agree(run.learner, {run.batch(0, 3), run.batch(3, 1)}).counts;
  EXPECT_EQ(counts.at("pictures"), 2);  // pictures 0 and 2
  EXPECT_EQ(counts.at("objects"), 4);   // three of picture 1, one of picture 3
}

TEST(TrainStep, DiagnosticsAreMeansOverMicroBatches) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kDouble);
  const auto spread = [&](const std::vector<Batch>& batches) {
    return run.accumulate(batches).diagnostics.at(0).value.item<double>();
  };
  const Batch first = run.batch(0, 4), second = run.batch(4, 4);
  EXPECT_NEAR(spread({first, second}), (spread({first}) + spread({second})) / 2, 1e-12);
}

// Counts the operations by which code reads numbers off a device. Those called by other operations are left out, because
// kernels of the CPU read scalars so; but not nonzero, by which indexing with a mask waits for the number of its rows.
class ReadsCounted {
 public:
  ReadsCounted()
      : handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(begin, end).scopes({at::RecordScope::FUNCTION}))) {
    depth = count = 0;
  }
  ~ReadsCounted() { at::removeCallback(handle_); }
  int64_t reads() const { return count; }

 private:
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& f) {
    const std::string name = f.name();
    for (const char* reading : {"aten::item", "aten::is_nonzero", "aten::equal", "aten::masked_select"})
      count += depth == 0 && name == reading;
    count += name == "aten::nonzero";
    ++depth;
    return nullptr;
  }
  static void end(const at::RecordFunction&, at::ObserverContext*) { --depth; }

  static inline int64_t depth = 0, count = 0;
  at::CallbackHandle handle_;
};

// Copies from a device can't be told apart on the CPU: they go through to_host(), which counts.
TEST(TrainStep, NothingWaitsForTheDevice) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  for (const bool pretraining : {true, false}) {
    std::unique_ptr<Task> task = two_questions();
    if (pretraining) task = std::make_unique<MaskedImage>(hiding_half(), small_model_shape().encoder, 24);
    SmallRun run(*alone, at::kFloat, std::move(task));
    run.learner.clip = 1.0;
    const std::vector<Batch> batches{run.batch(0, 4), run.batch(4, 4)};
    const int64_t waits_before = num_host_waits();
    const ReadsCounted counted;
    train_step(run.learner, batches, 1e-3);
    EXPECT_EQ(counted.reads(), 0);
    EXPECT_EQ(num_host_waits(), waits_before);
    (void)to_host(batches[0].units.sum()).item<int64_t>();  // both counts can count
    EXPECT_EQ(counted.reads(), 1);
    EXPECT_EQ(num_host_waits(), waits_before + 1);
    (void)at::index(batches[0].units, {at::ones({batches[0].units.size(0)}, at::kBool)});
    EXPECT_EQ(counted.reads(), 2);
  }
}

// A few seconds of training lower the loss and tell the queries apart.
TEST(Learning, OverfitsAFewImages) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat);
  const std::vector<Batch> batch{run.batch(0, 4)};
  const double first = train_step(run.learner, batch, 3e-3)->loss.item<double>();
  double loss = first, spread = 0;
  for (int step = 0; step < 150; ++step) {
    const StepResult result = *train_step(run.learner, batch, 3e-3);
    loss = result.loss.item<double>();
    spread = result.diagnostics[0].value.item<double>();
  }
  EXPECT_GT(first, 0.8);
  EXPECT_LT(loss, 0.7 * first);
  EXPECT_GT(spread, 0.02);
}

}  // namespace
}  // namespace glid
