// Shards from the folder they are made of to the batch, and what is said of those that can't be used.
#include "glid/data/shards.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <map>

#include "check_program.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/data/data_config.h"
#include "glid/data/epoch_plan.h"
#include "glid/data/make_shards.h"
#include "glid/formats/tar.h"
#include "support/temporary_folder.h"
#include "write_images.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ShardsTest : public testing::Test {
 protected:
  // 18 images of 3 classes to train on and 3 to validate on.
  void SetUp() override {
    for (int i = 0; i < 21; ++i)
      write_numbered_image(folder_.path() / "images" / (i < 18 ? "train" : "val") / format("c{}/{}.v1.jpg", i % 3, i), i);
  }
  fs::path images() const { return folder_.path() / "images"; }
  fs::path shards() const { return folder_.path() / "shards"; }
  // With 300,000 bytes behind each image a shard of a megabyte has four of them.
  void fatten() const {
    for (const std::string& file : files_below(images()))
      put_file(images() / file, read_file(images() / file) + std::string(300'000, '\0'));
  }
  void make(ShardSource source = ShardSource::kImageNet, int64_t threads = 1) const {
    make_shards({.source = source, .root = images(), .out = shards(), .megabytes = 1, .num_threads = threads});
  }
  std::shared_ptr<const AnnotatedDataset> open(Split split = Split::kTrain, DataUse use = DataUse::kAll) const {
    Shards::Config config;
    config.root = shards().string();
    config.window = 2;
    return make_dataset({config}, split, use);
  }
  std::string error_of(Split split = Split::kTrain) const {
    try {
      open(split);
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  }

  TemporaryFolder folder_;
};

std::string last_part(const std::string& name) { return fs::path(name).filename().string(); }

// Pixels by name, classes by name.
std::map<std::string, std::pair<Image, int64_t>> content_of(const AnnotatedDataset& data) {
  std::map<std::string, std::pair<Image, int64_t>> content;
  for (int64_t id = 0; id < data.size(); ++id) {
    Sample sample = data.get(id);
    EXPECT_EQ(sample.id, id);
    EXPECT_EQ(sample.name, data.name(id));
    EXPECT_EQ(sample.targets.label, data.targets(id).label);
    content[last_part(sample.name)] = {std::move(sample.image), sample.targets.label.value_or(-1)};
  }
  return content;
}

TEST_F(ShardsTest, HoldWhatTheFolderHolds) {
  fatten();
  make();
  for (const Split split : {Split::kTrain, Split::kVal}) {
    const auto data = open(split);
    ImageNetConfig folder_config;
    folder_config.root = images().string();
    const auto folder = make_dataset({folder_config}, split);
    ASSERT_EQ(data->size(), folder->size());
    EXPECT_EQ(data->vocabulary().images.size(), 3u);
    EXPECT_EQ(data->vocabulary().images[1].name, "c1");
    const auto of_shards = content_of(*data);
    for (const auto& [name, of_folder] : content_of(*folder)) {
      const std::string key = name.substr(0, name.find('.')) + "_v1";
      ASSERT_TRUE(of_shards.contains(key)) << key;
      EXPECT_EQ(of_shards.at(key), of_folder) << key;
    }
  }
  EXPECT_GT(blocks_of(*open()).ends.size(), 3u);  // several shards of several images
}

TEST_F(ShardsTest, PartsOfImagesHaveThePixelsOfTheWhole) {
  make();
  const auto data = open();
  int asked = 0;
  const PartOfImage upper_left = [&](int64_t height, int64_t width) {
    ++asked;
    return Box{0, 0, static_cast<double>(width / 2), static_cast<double>(height / 2)};
  };
  const Image whole = data->get(2).image, part = get_part(*data, 2, upper_left).image;
  EXPECT_EQ(asked, 1);
  ASSERT_EQ(part.height, whole.height);
  ASSERT_EQ(part.width, whole.width);
  for (int64_t y = 0; y < whole.height / 2; ++y)
    EXPECT_TRUE(std::equal(part.row(y), part.row(y) + whole.width / 2 * 3, whole.row(y))) << y;
}

TEST_F(ShardsTest, AreTheSameForAnyNumberOfThreads) {
  fatten();
  make();
  std::map<std::string, std::string> once;
  for (const std::string& file : files_below(shards())) once[file] = read_file(shards() / file);
  fs::remove_all(shards());
  make(ShardSource::kImageNet, 3);
  for (const std::string& file : files_below(shards())) EXPECT_EQ(read_file(shards() / file), once[file]) << file;
}

TEST_F(ShardsTest, OfPlainFoldersHaveNoClasses) {
  make(ShardSource::kFolder);
  EXPECT_TRUE(open()->vocabulary().images.empty());
  EXPECT_EQ(open()->get(3).targets.label, std::nullopt);
  EXPECT_FALSE(fs::exists(shards() / "classnames.txt"));
}

// The same ids in every step whoever reads it, and a run that begins there.
TEST_F(ShardsTest, RanksReadTheSameGlobalBatches) {
  fatten();
  make();
  const auto data = open();
  const auto names_of_step = [&](int64_t ranks, int64_t step) {
    std::vector<std::string> names;
    for (int64_t rank = 0; rank < ranks; ++rank) {
      const TrainingPlan plan(data->size(), 3, {4, 1, rank, ranks}, blocks_of(*data));
      for (const Place& place : plan.places(step, 0)) names.push_back(data->get(plan.key(place, 0)->id).name);
    }
    return names;
  };
  std::map<std::string, int> seen;
  for (int64_t step = 0; step < 8; ++step) {
    EXPECT_EQ(names_of_step(1, step), names_of_step(2, step));
    if (step < 4)
      for (const std::string& name : names_of_step(4, step)) ++seen[name];
  }
  EXPECT_EQ(seen.size(), 16u);  // of 18, in whole batches
}

TEST_F(ShardsTest, AFractionKeepsItsBlocks) {
  fatten();
  make();
  Shards::Config config;
  config.root = shards().string();
  const auto half = make_dataset({.dataset = config, .fraction = 0.5}, Split::kTrain);
  const Blocks blocks = blocks_of(*half), all = blocks_of(*open());
  ASSERT_EQ(blocks.ends.size(), all.ends.size());
  EXPECT_EQ(blocks.ends.back(), 9);
  int64_t id = 0;
  for (size_t block = 0; block < blocks.ends.size(); ++block)
    for (; id < blocks.ends[block]; ++id) EXPECT_THAT(half->name(id), HasSubstr(format("/{:06}.tar/", block)));
}

TEST_F(ShardsTest, NamesTellWhatIsToBeValidatedOn) {
  make();
  fs::rename(shards() / "val/000000.tar", shards() / "train/set-validation-3.tar");
  fs::rename(shards() / "val/000000.tar.index", shards() / "train/set-validation-3.tar.index");
  EXPECT_EQ(open(Split::kVal)->size(), 3);
  EXPECT_EQ(open(Split::kTrain)->size(), 18);
  fs::remove(shards() / "train/set-validation-3.tar");
  testing::internal::CaptureStderr();
  EXPECT_EQ(open(Split::kTrain)->size(), 17);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("has no shards to validate on: trains on 17 of its 18 samples and validates on the other 1"));
  EXPECT_EQ(open(Split::kVal)->size(), 1);
  EXPECT_EQ(blocks_of(*open(Split::kVal)).ends.back(), 1);
}

// A small val may lack the last classes.
TEST_F(ShardsTest, BothSplitsKnowTheSameClasses) {
  fs::remove_all(images() / "val/c2");
  fs::remove_all(images() / "val/c1");
  make();
  fs::remove(shards() / "classnames.txt");
  EXPECT_EQ(open(Split::kVal)->vocabulary(), open(Split::kTrain)->vocabulary());
  EXPECT_EQ(open(Split::kVal)->vocabulary().images.size(), 3u);
}

TEST_F(ShardsTest, WhatIsMissingIsOneLine) {
  fs::create_directories(shards());
  EXPECT_EQ(error_of(), shards().string() + ": holds no shards; they end in .tar: glid_data shard makes them");
  write_text(shards() / "a.tar.gz", "x");
  EXPECT_THAT(error_of(), HasSubstr("unpack the compressed ones to plain .tar"));
  fs::remove_all(shards());
  EXPECT_THAT(error_of(), HasSubstr("is not a folder"));
  make();
  const fs::path first = shards() / "train/000000.tar";
  write_text(shards() / "classnames.txt", "only one\n");
  EXPECT_EQ(error_of(),
            (shards() / "classnames.txt").string() +
                ": names 1 classes: the shards have more (got class 2); one name a line, in the order of the numbers");
  fs::remove(shards() / "classnames.txt");
  EXPECT_EQ(open()->vocabulary().images[2].name, "2");
  fs::remove(index_of_shard(first));
  EXPECT_EQ(error_of(), first.string() + ": has no index; glid_data index --root " + shards().string());
}

TEST_F(ShardsTest, AShardThatChangesUnderItsIndexIsABadFile) {
  make();
  const fs::path first = shards() / "train/000000.tar";
  const auto data = open();
  const std::string whole = read_file(first);
  const auto message_of = [&](int64_t id) -> std::string {
    try {
      data->get(id);
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message_of(5), "no error");
  const ShardIndex index(first, {});
  std::string other = whole;
  other[index.record(5).offset - 300] ^= 1;  // in its header
  put_file(first, other);
  EXPECT_THAT(message_of(5), HasSubstr(data->name(5) + ": is not where the index says"));
  fs::resize_file(first, index.record(5).offset + 10);
  EXPECT_THAT(message_of(5), HasSubstr(first.string() + ": has no bytes"));
  EXPECT_EQ(message_of(0), "no error");
}

// What somebody types.
TEST_F(ShardsTest, ProgramsMakeIndexAndCheckThem) {
  const auto data = [&](const std::vector<std::string>& arguments) { return run("glid_data", arguments); };
  ProgramResult ran = data({"shard", "--root", images().string(), "--out", shards().string()});
  ASSERT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("train: 18 images in 1 shard"));
  expect_legal(check("shards", shards()), "c2");
  EXPECT_EQ(data({"shard", "--root", images().string(), "--out", shards().string()}).code, 2);
  const fs::path first = shards() / "train/000000.tar", second = shards() / "train/second.tar";
  fs::copy_file(first, second);
  fs::remove(index_of_shard(first));
  ran = data({"index", "--root", shards().string()});
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("3 shards, 2 indexed now, 1 before, 0 can't be"));
  fs::resize_file(second, 3000);
  expect_wrong(check("shards", shards()), "is of another archive, or the archive was cut");
  ran = data({"index", "--root", shards().string()});
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.output, HasSubstr(second.string() + ": was cut"));
}

TEST_F(ShardsTest, ABadImageIsFoundByCheck) {
  write_text(images() / "train/c0/0.v1.jpg", "no image");
  make();
  expect_wrong(check("shards", shards()), "c0/0_v1: image can't be read: is not a JPEG or PNG image");
}

}  // namespace
}  // namespace glid
