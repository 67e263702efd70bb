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
constexpr int64_t kSize = 32, kUnit = 16;  // 2 x 2 units

// One of the four units visible, drawn from the key.
SamplePlan one_unit_plan(const SampleKey& key) {
  const auto unit = static_cast<int64_t>(
      Rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kMask).below(4));
  return plan_sample({kSize / kUnit, kSize / kUnit}, {unit}, kWindows);
}

// MAE's crop of a training picture or of one to validate on, with one unit visible.
std::vector<PreparedImage> prepare_square(const Sample& sample, const SampleKey& key, bool training) {
  const Image& image = sample.image;
  const Placement placement = training ? pretraining_placement(image.height, image.width, key, kSize)
                                       : centre_placement(image.height, image.width, kSize);
  return {{.image = place_image(image, placement, Filter::kBicubic), .placement = placement, .plan = one_unit_plan(key)}};
}

std::vector<PreparedImage> prepare_training(const Sample& sample, const SampleKey& key, const BatchPosition&) {
  return prepare_square(sample, key, true);
}

LoaderOptions options_with(int64_t workers, int64_t max_bad_files = 0) {
  return {.unit_px = kUnit, .workers = workers, .max_bad_files = max_bad_files};
}

// The first picture of a batch is row 0, as many units each.
bool holds_picture(const Batch& batch, int64_t i, const Image& expected) {
  const at::Tensor units = batch.units.narrow(0, i * 4, 4);
  const at::Tensor raster = units.view({2, 2, kUnit, kUnit, 3}).permute({0, 2, 1, 3, 4}).contiguous();
  return std::equal(expected.pixels.begin(), expected.pixels.end(), raster.const_data_ptr<uint8_t>());
}

// 20 images, of which some can be spoilt; every image is for training.
class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() {
    std::vector<std::string> files;
    for (int i = 0; i < 20; ++i) files.push_back(format("image_{:02}.jpg", i));
    write_flat_folder(folder_.path(), 20);
    dataset_ = std::make_shared<ImageFolder>(folder_.path(), FileList(folder_.path(), files),
                                             std::map<std::string, int64_t>{}, std::nullopt, OtherImages());
  }

  void spoil(int64_t id) const { fs::resize_file(dataset_->name(id), 200); }

  std::unique_ptr<Loader> training(const LoaderOptions& options, const BatchLayout& layout = {8, 2, 0, 1},
                                   Prepare prepare = prepare_training) const {
    return std::make_unique<Loader>(dataset_, std::make_shared<TrainingPlan>(dataset_->size(), 7, layout), options,
                                    std::move(prepare));
  }
  std::unique_ptr<Loader> validation(const LoaderOptions& options, const ValidationPlan::Share& share) const {
    return std::make_unique<Loader>(
        dataset_, std::make_shared<ValidationPlan>(dataset_->size(), 7, share), options,
        [](const Sample& sample, const SampleKey& key, const BatchPosition&) { return prepare_square(sample, key, false); });
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

std::vector<SampleKey> keys_of(const std::vector<Batch>& batches) {
  std::vector<SampleKey> keys;
  for (const Batch& batch : batches)
    for (const BatchImage& image : batch.images) keys.push_back(image.key);
  return keys;
}

void expect_equal(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(keys_of(a), keys_of(b));
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].bad_files, b[i].bad_files);
    ASSERT_EQ(a[i].runs.size(), b[i].runs.size());
    EXPECT_TRUE(at::equal(a[i].runs[0].plan->numbers, b[i].runs[0].plan->numbers)) << "batch " << i;
    EXPECT_TRUE(at::equal(a[i].units, b[i].units)) << "batch " << i;
  }
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
    EXPECT_EQ(batch.units.sizes(), (std::vector<int64_t>{16, kUnit, kUnit, 3}));
    ASSERT_EQ(batch.runs.size(), 1u);
    EXPECT_EQ(batch.runs[0].plan->batch, 4);
    const at::Tensor visible = to_tensors(*batch.runs[0].plan, at::kCPU)->visible_units;  // one of 4 in each image
    for (int64_t i = 0; i < 4; ++i) {
      const BatchImage& image = batch.images[static_cast<size_t>(i)];
      const Sample sample = dataset_->get(image.key.id);
      EXPECT_TRUE(holds_picture(batch, i, prepare_square(sample, image.key, true)[0].image));
      EXPECT_EQ(visible[i].item<int64_t>(), 4 * i + one_unit_plan(image.key).visible[0]);
      EXPECT_EQ(image.name, sample.name);
    }
  }
}

TEST_F(LoaderTest, ASampleMayBeSeenInSeveralPictures) {
  const auto both_ways = [](const Sample& sample, const SampleKey& key, const BatchPosition& position) {
    std::vector<PreparedImage> images = prepare_training(sample, key, position);
    images.push_back(images[0]);
    images[1].placement.flip();
    images[1].image = place_image(images[0].image, Placement(kSize, kSize).flip(), Filter::kBicubic);
    return images;
  };
  const auto batches = training(options_with(2), {8, 2, 0, 1}, both_ways)->next();
  ASSERT_EQ(batches.at(0).size(), 8);
  EXPECT_EQ(batches[0].images[0].key, batches[0].images[1].key);
  EXPECT_NE(batches[0].images[0].placement.is_mirrored(), batches[0].images[1].placement.is_mirrored());
  EXPECT_EQ(batches[0].runs.at(0).count, 8);
}

TEST_F(LoaderTest, PicturesAreMadeForTheirPlaceInTheGlobalBatch) {
  const auto with_place = [](const Sample& sample, const SampleKey& key, const BatchPosition& position) {
    std::vector<PreparedImage> images = prepare_training(sample, key, position);
    images[0].arrays["place"] = {{1, 2}, std::vector<int64_t>{position.step, position.position}};
    return images;
  };
  const auto loader = training(options_with(2), {8, 2, 1, 2}, with_place);  // the second rank of two
  loader->seek(3);                                                          // in the second epoch
  const auto batches = loader->next();
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_TRUE(at::equal(batches[0].arrays.at("place").values, at::tensor({3, 4, 3, 5}, at::kLong).view({2, 2})));
  EXPECT_TRUE(at::equal(batches[1].arrays.at("place").values, at::tensor({3, 6, 3, 7}, at::kLong).view({2, 2})));
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
  const at::Tensor view = kept[0].units.select(0, 1), copy = view.clone();
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
        EXPECT_EQ(step[0].units.size(0), 4 * step[0].size());
        EXPECT_EQ(step[0].runs.at(0).plan->batch, step[0].size());
        bad_files += step[0].bad_files;
        for (int64_t i = 0; i < step[0].size(); ++i) {
          const SampleKey& key = step[0].images[static_cast<size_t>(i)].key;
          seen.insert(key.id);
          EXPECT_TRUE(holds_picture(step[0], i, prepare_square(dataset_->get(key.id), key, false)[0].image));
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
  const auto prepare = [](const Sample& sample, const SampleKey& key, const BatchPosition&) {
    if (key.id == 6) throw std::logic_error("a mistake of ours");
    return prepare_square(sample, key, true);
  };
  for (const int64_t workers : {0, 3}) {
    const auto loader = training(options_with(workers), {20, 1, 0, 1}, prepare);
    const std::string message = message_of<std::runtime_error>([&] { loader->next(); });
    EXPECT_EQ(message, dataset_->name(6) + ": a mistake of ours");
    EXPECT_EQ(message, message_of<std::runtime_error>([&] { loader->next(); }));
  }
}

TEST_F(LoaderTest, AnErrorKeepsItsExitCode) {
  const auto prepare = [](const Sample&, const SampleKey&, const BatchPosition&) -> std::vector<PreparedImage> {
    throw UsageError("task.mask", "is wrong");
  };
  const auto loader = training(options_with(2), {20, 1, 0, 1}, prepare);
  try {
    loader->next();
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
  }
}

TEST_F(LoaderTest, CanBeDroppedInAnyState) {
  const auto slowly = [](const Sample& sample, const SampleKey& key, const BatchPosition&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return prepare_square(sample, key, true);
  };
  training(options_with(3));
  training(options_with(3), {8, 2, 0, 1}, slowly)->next();
  const auto loader = training(options_with(3), {8, 2, 0, 1}, slowly);
  loader->next();
  loader->seek(50);
  loader->next();
  loader->seek(0);
  EXPECT_GT(loader->wait_s(), 0);
}

}  // namespace
}  // namespace glid
