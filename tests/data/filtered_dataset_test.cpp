#include "glid/data/filtered_dataset.h"

#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/data/scenes.h"

namespace glid {
namespace {

std::shared_ptr<const AnnotatedDataset> scenes() {
  return std::make_shared<Scenes>(Scenes::Config{.count = 30, .size_px = 32}, Split::kTrain);
}

// Scenes with some number of objects that not all of them have.
bool has_many(const Targets& targets) { return targets.instances.size() > 3; }

TEST(Filtered, KeepsTheSamplesThatAreWantedInOrder) {
  const auto all = scenes(), some = filtered(all, has_many);
  std::vector<std::string> expected;
  for (int64_t id = 0; id < all->size(); ++id)
    if (has_many(all->get(id).targets)) expected.push_back(all->name(id));
  ASSERT_GT(expected.size(), 0u);
  ASSERT_LT(std::ssize(expected), all->size());
  ASSERT_EQ(some->size(), std::ssize(expected));
  for (int64_t id = 0; id < some->size(); ++id) {
    EXPECT_EQ(some->name(id), expected[static_cast<size_t>(id)]);
    EXPECT_EQ(some->get(id).name, expected[static_cast<size_t>(id)]);
    EXPECT_EQ(some->get(id).id, id);
    EXPECT_TRUE(has_many(some->targets(id)));
  }
  EXPECT_NE(some->fingerprint(), all->fingerprint());
  EXPECT_EQ(&some->vocabulary(), &all->vocabulary());
}

// As many samples, but others.
TEST(Filtered, HasAFingerprintOfWhatIsKept) {
  const auto all = scenes();
  const auto kept = [&](int64_t first) {
    int64_t seen = 0;
    return filtered(all, [&seen, first](const Targets&) { return seen++ >= first && seen <= first + 10; });
  };
  const auto early = kept(0), late = kept(5);
  ASSERT_EQ(early->size(), late->size());
  EXPECT_NE(early->fingerprint(), late->fingerprint());
  EXPECT_EQ(early->fingerprint(), kept(0)->fingerprint());
}

TEST(Filtered, WithoutAFilterIsTheSetItself) {
  const auto all = scenes();
  EXPECT_EQ(filtered(all, {}), all);
}

TEST(Filtered, RefusesToKeepNothing) {
  EXPECT_THROW(filtered(scenes(), [](const Targets&) { return false; }), DataError);
}

}  // namespace
}  // namespace glid
