#include "glid/data/loader.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <set>
#include <stdexcept>
#include <thread>

#include "glid/core/error.h"
#include "glid/core/rng.h"
#include "glid/data/image_folder.h"
#include "glid/data/transforms.h"
#include "support/temporary_folder.h"
#include "write_images.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr StageWindows kWindows = {6, 6, 6, 6};
constexpr int64_t kSize = 32;  // 2 x 2 units of 16 px

// One of the four units visible, drawn from the key.
SamplePlan one_unit_plan(const SampleKey& key, int64_t height, int64_t width) {
  const auto unit = static_cast<int64_t>(
      Rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kMask).below(4));
  return plan_sample(unit_grid(height, width, 16, "test"), {unit}, kWindows);
}

LoaderOptions options_with(int64_t workers, int64_t max_bad_files = 0) {
  LoaderOptions options;
  options.size_px = kSize;
  options.workers = workers;
  options.max_bad_files = max_bad_files;
  options.windows = kWindows;
  return options;
}

// 20 images, of which some can be spoilt; every image is for training.
class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() {
    std::vector<std::string> files;
    for (int i = 0; i < 20; ++i) files.push_back(format("image_{:02}.jpg", i));
    write_flat_folder(folder_.path(), 20);
    dataset_ = std::make_shared<ImageFolder>(folder_.path(), files, std::map<std::string, int64_t>{});
  }

  void spoil(int64_t id) const { fs::resize_file(dataset_->name(id), 200); }

  std::unique_ptr<Loader> training(const LoaderOptions& options, const BatchLayout& layout = {8, 2, 0, 1},
                                   MakePlan make_plan = one_unit_plan) const {
    return std::make_unique<Loader>(dataset_, std::make_shared<TrainingPlan>(dataset_->size(), 7, layout), options,
                                    std::move(make_plan));
  }
  std::unique_ptr<Loader> validation(LoaderOptions options, const ValidationPlan::Share& share) const {
    options.augment = false;
    return std::make_unique<Loader>(dataset_, std::make_shared<ValidationPlan>(dataset_->size(), 7, share), options,
                                    one_unit_plan);
  }

  TemporaryFolder folder_;
  std::shared_ptr<const ImageFolder> dataset_;
};

void append_to(std::vector<Batch>& all, std::vector<Batch> step) {
  std::move(step.begin(), step.end(), std::back_inserter(all));
}

std::vector<Batch> read_steps(Loader& loader, int count) {
  std::vector<Batch> batches;
  for (int i = 0; i < count; ++i) append_to(batches, loader.next());
  return batches;
}

void expect_equal(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].keys, b[i].keys);
    EXPECT_EQ(a[i].names, b[i].names);
    EXPECT_EQ(a[i].bad_files, b[i].bad_files);
    EXPECT_EQ(a[i].plan->visible, b[i].plan->visible);
    EXPECT_TRUE(at::equal(a[i].images, b[i].images)) << "batch " << i;
  }
}

std::vector<SampleKey> keys_of(const std::vector<Batch>& batches) {
  std::vector<SampleKey> keys;
  for (const Batch& batch : batches) keys.insert(keys.end(), batch.keys.begin(), batch.keys.end());
  return keys;
}

template <class Exception>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Exception& error) {
    return error.what();
  }
  return "not thrown";
}

TEST_F(LoaderTest, BatchesHoldTransformedImagesAndPlans) {
  const auto batches = training(options_with(0))->next();
  ASSERT_EQ(batches.size(), 2u);
  for (const Batch& batch : batches) {
    ASSERT_EQ(batch.size(), 4);
    EXPECT_EQ(batch.images.sizes(), (std::vector<int64_t>{4, kSize, kSize, 3}));
    EXPECT_EQ(batch.plan->batch, 4);
    for (int64_t i = 0; i < 4; ++i) {
      const SampleKey& key = batch.keys[static_cast<size_t>(i)];
      const Image expected = train_image(dataset_->get(key.id).image, key, kSize);
      const at::Tensor image = batch.images[i].contiguous();
      EXPECT_TRUE(std::equal(expected.pixels.begin(), expected.pixels.end(), image.const_data_ptr<uint8_t>()));
      EXPECT_EQ(batch.plan->visible[static_cast<size_t>(i)], one_unit_plan(key, kSize, kSize).visible[0]);
      EXPECT_EQ(batch.names[static_cast<size_t>(i)], dataset_->name(key.id));
    }
  }
}

TEST_F(LoaderTest, AnyNumberOfThreadsGivesTheSameBatches) {
  spoil(3);
  spoil(11);
  const auto reference = read_steps(*training(options_with(0, 2)), 7);
  for (const int64_t workers : {1, 8}) expect_equal(reference, read_steps(*training(options_with(workers, 2)), 7));
}

TEST_F(LoaderTest, ResumingIsAsIfNeverStopped) {
  const auto whole = read_steps(*training(options_with(2)), 6);
  const auto loader = training(options_with(2));
  loader->next();
  loader->seek(3);
  EXPECT_EQ(loader->step(), 3);
  const auto rest = read_steps(*loader, 3);
  expect_equal({whole.begin() + 6, whole.end()}, rest);
}

TEST_F(LoaderTest, ABatchKeepsItsPixelsWhileOthersAreRead) {
  const auto loader = training(options_with(2));
  std::vector<Batch> kept = loader->next();
  const at::Tensor view = kept[0].images.select(0, 1), copy = view.clone();
  kept.clear();  // the view alone holds the buffer
  read_steps(*loader, 5);
  EXPECT_TRUE(at::equal(view, copy));
}

TEST_F(LoaderTest, SubstitutesAreTheSameForAnyRanksAndMicroBatches) {
  spoil(2);
  spoil(9);
  spoil(10);
  const auto order = epoch_permutation(20, 7, 0);
  const auto whole = keys_of(training(options_with(2, 3), {16, 1, 0, 1})->next());
  std::vector<SampleKey> ranks;
  for (int64_t rank = 0; rank < 2; ++rank) {
    const auto share = keys_of(training(options_with(1, 3), {16, 2, rank, 2})->next());
    ranks.insert(ranks.end(), share.begin(), share.end());
  }
  EXPECT_EQ(whole, ranks);
  for (size_t i = 0; i < 16; ++i) {
    size_t position = i;
    while (std::set<int64_t>{2, 9, 10}.contains(order[position % 20])) ++position;
    EXPECT_EQ(whole[i].id, order[position % 20]);
  }
}

TEST_F(LoaderTest, StopsOverTheLimitOfBadFiles) {
  for (int64_t id = 0; id < 4; ++id) spoil(id);
  for (const int64_t workers : {0, 8}) {
    EXPECT_NO_THROW(read_steps(*training(options_with(workers, 4)), 10));  // counted once, not once an epoch
    const auto loader = training(options_with(workers, 3));
    const std::string message = message_of<DataError>([&] { read_steps(*loader, 10); });
    EXPECT_THAT(message, HasSubstr("4 files can't be read"));
    EXPECT_THAT(message, HasSubstr(folder_.path().string()));
    EXPECT_EQ(message, message_of<DataError>([&] { loader->next(); }));
  }
}

TEST_F(LoaderTest, StopsWhenNothingCanBeRead) {
  for (int64_t id = 0; id < 20; ++id) spoil(id);
  EXPECT_THROW(training(options_with(2, 5))->next(), DataError);
  EXPECT_THAT(message_of<Error>([&] { training(options_with(2, 1000))->next(); }), HasSubstr("no readable image"));
}

TEST_F(LoaderTest, ValidationReadsEverySampleOnceOverAllRanks) {
  spoil(5);
  std::multiset<int64_t> seen;
  for (int64_t rank = 0; rank < 3; ++rank) {
    const auto loader = validation(options_with(2, 1), {1.0, 3, rank, 3});
    int64_t bad_files = 0;
    for (int pass = 0; pass < 2; ++pass) {
      for (auto step = loader->next(); !step.empty(); step = loader->next()) {
        ASSERT_EQ(step.size(), 1u);
        EXPECT_EQ(step[0].images.size(0), step[0].size());
        EXPECT_EQ(step[0].plan->batch, step[0].size());
        bad_files += step[0].bad_files;
        for (int64_t i = 0; i < step[0].size(); ++i) {
          const int64_t id = step[0].keys[static_cast<size_t>(i)].id;
          seen.insert(id);
          const Image expected = eval_image(dataset_->get(id).image, kSize);
          const at::Tensor image = step[0].images[i].contiguous();
          EXPECT_TRUE(std::equal(expected.pixels.begin(), expected.pixels.end(), image.const_data_ptr<uint8_t>()));
        }
      }
      EXPECT_EQ(loader->step(), 0);
    }
    EXPECT_EQ(bad_files, rank == 0 ? 2 : 0);
  }
  for (int64_t id = 0; id < 20; ++id) EXPECT_EQ(seen.count(id), id == 5 ? 0u : 2u);
}

TEST_F(LoaderTest, ABatchOfBadFilesIsLeftOut) {
  for (int64_t id = 4; id < 8; ++id) spoil(id);
  const auto loader = validation(options_with(2, 4), {1.0, 4, 0, 1});
  EXPECT_EQ(keys_of(read_steps(*loader, 4)).size(), 16u);
  EXPECT_TRUE(loader->next().empty());
}

TEST_F(LoaderTest, AnExceptionOfAThreadNamesTheSample) {
  const auto plan = [](const SampleKey& key, int64_t height, int64_t width) {
    if (key.id == 6) throw std::logic_error("a mistake of ours");
    return one_unit_plan(key, height, width);
  };
  for (const int64_t workers : {0, 3}) {
    const auto loader = training(options_with(workers), {20, 1, 0, 1}, plan);
    const std::string message = message_of<std::runtime_error>([&] { loader->next(); });
    EXPECT_EQ(message, dataset_->name(6) + ": a mistake of ours");
    EXPECT_EQ(message, message_of<std::runtime_error>([&] { loader->next(); }));
  }
}

TEST_F(LoaderTest, AnErrorKeepsItsExitCode) {
  const auto plan = [](const SampleKey&, int64_t, int64_t) -> SamplePlan { throw UsageError("task.mask", "is wrong"); };
  const auto loader = training(options_with(2), {20, 1, 0, 1}, plan);
  try {
    loader->next();
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
  }
}

TEST_F(LoaderTest, CanBeDroppedInAnyState) {
  const auto slow_plan = [](const SampleKey& key, int64_t height, int64_t width) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return one_unit_plan(key, height, width);
  };
  training(options_with(3));
  training(options_with(3), {8, 2, 0, 1}, slow_plan)->next();
  const auto loader = training(options_with(3), {8, 2, 0, 1}, slow_plan);
  loader->next();
  loader->seek(50);
  loader->next();
  loader->seek(0);
  EXPECT_GT(loader->wait_s(), 0);
}

}  // namespace
}  // namespace glid
