// A model measured over ranks, its loss and its task's own metric.
#include "glid/eval/evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "glid/core/format.h"
#include "support/batches.h"
#include "support/on_ranks.h"
#include "support/small_run.h"
#include "support/two_questions.h"

namespace glid {
namespace {

constexpr int64_t kNumImages = 10;

// Noise, each picture another.
class NoisePictures : public Dataset {
 public:
  int64_t size() const override { return kNumImages; }
  Sample get(int64_t id) const override {
    return {id, name(id), noise_image(TwoQuestions::kSize, TwoQuestions::kSize, id), {}};
  }
  std::string name(int64_t id) const override { return std::to_string(id); }
  Fingerprint fingerprint() const override { return {}; }
};

struct Found {
  std::vector<MetricValue> loss, iou;
  ImageRecords<std::vector<LossPart>> images;
};

// Of a model in double, over all ranks of a group, in batches of `batch_size`.
template <class Asked = TwoQuestions>
Found score(Communicator& communicator, int64_t batch_size) {
  SmallRun run(communicator, at::kDouble, std::make_unique<Asked>(small_model_shape().encoder));
  const Prepare prepare = [&](const Sample& sample, const SampleKey& key, const BatchPosition& position) {
    return run.task->prepare(sample, key, position, /*training=*/false);
  };
  const auto plan = std::make_shared<ValidationPlan>(
      kNumImages, 5, ValidationPlan::Share{1, batch_size, communicator.rank(), communicator.size()});
  Loader loader(std::make_shared<NoisePictures>(), plan, {.unit_px = run.shape.encoder.unit_px(), .workers = 0}, prepare);
  Scores scores{.loss = MeanLoss{}};
  scores.measures.push_back(make_measure(SemanticSettings{}, {.labels = {{0, "a"}, {1, "b"}, {2, "c"}}}));
  int64_t num_seen = 0;
  Measured measured{*run.model, *run.task, loader, communicator};
  measured.progress = [&](int64_t num_samples) {
    EXPECT_GT(num_samples, num_seen);
    num_seen = num_samples;
  };
  EXPECT_TRUE(evaluate(measured, scores));
  EXPECT_EQ(num_seen, kNumImages) << "of all ranks";
  return {scores.loss->values(), scores.measures[0]->metric().values(), scores.loss->images()};
}

double value_of(const std::vector<MetricValue>& values, const std::string& name) {
  return std::ranges::find(values, name, &MetricValue::name)->value.value();
}

TEST(Evaluate, IsTheSameHoweverTheSetIsDividedAmongRanks) {
  if (!on_ranks(3)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  const Found whole = score(*alone, 2), shared = score(*group, 2);
  EXPECT_GT(value_of(whole.loss, "loss"), 0);
  EXPECT_GT(value_of(whole.loss, "object"), 0);
  ASSERT_EQ(shared.loss.size(), whole.loss.size());
  for (const MetricValue& v : whole.loss) EXPECT_NEAR(value_of(shared.loss, v.name), *v.value, 1e-10 * *v.value) << v.name;
  EXPECT_EQ(value_of(shared.iou, "aAcc"), value_of(whole.iou, "aAcc"));
  EXPECT_EQ(shared.images.size(), static_cast<size_t>(kNumImages));
}

// A record is a picture's own, so that intervals over pictures can be drawn from it.
TEST(Evaluate, KeepsWhatEachPictureAdded) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  const Found scores = score(*alone, 5);
  ASSERT_EQ(scores.images.size(), static_cast<size_t>(kNumImages));
  int64_t num_objects = 0, num_pictures = 0;
  for (const auto& [name, parts] : scores.images) {  // colour, object, colour, object, smooth
    const int64_t id = std::stoll(name);
    const LossPart &colour = parts.at(0), &object = parts.at(1);
    EXPECT_EQ(object.sum > 0, object.count > 0) << name;
    EXPECT_EQ(colour.sum > 0, colour.count > 0) << name;
    EXPECT_EQ(object.count, colour.count > 0 ? 0 : static_cast<double>(TwoQuestions::num_objects(id))) << name;
    num_objects += static_cast<int64_t>(object.count);
    num_pictures += static_cast<int64_t>(colour.count);
  }
  EXPECT_GT(num_objects, 3);
  EXPECT_EQ(num_pictures, kNumImages / 2);
}

// Every sample twice.
class TwoViews : public TwoQuestions {
 public:
  using TwoQuestions::TwoQuestions;
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& at,
                                     bool training) const override {
    const PreparedImage image = TwoQuestions::prepare(sample, key, at, training).at(0);
    return {image, image};
  }
};

TEST(Evaluate, NamesEveryViewOfASample) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  std::vector<std::string> expected, names;
  for (int64_t id = 0; id < kNumImages; ++id)
    for (const int64_t view : {0, 1}) expected.push_back(format("{:012} view {}", id, view));
  for (const auto& [name, parts] : score<TwoViews>(*alone, 4).images) names.push_back(name);
  EXPECT_EQ(names, expected);
}

}  // namespace
}  // namespace glid
