#include "glid/data/filtered_dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

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
    std::set<std::vector<float>> wanted;  // told by their depth maps
    for (int64_t id = first; id < first + 10; ++id) wanted.insert(all->targets(id).depth);
    return filtered(all, [&wanted](const Targets& targets) { return wanted.contains(targets.depth); });
  };
  const auto early = kept(0), late = kept(5);
  ASSERT_EQ(early->size(), 10);
  ASSERT_EQ(late->size(), 10);
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

// Three samples an image.
class Triples : public AnnotatedDataset {
 public:
  explicit Triples(int64_t images) : images_(images) {}
  int64_t size() const override { return 3 * images_; }
  Sample get(int64_t id) const override { return {.id = id, .name = name(id)}; }
  std::string name(int64_t id) const override { return std::to_string(id); }
  Fingerprint fingerprint() const override { return {7, 7}; }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  ImageId image_id(int64_t id) const override { return id / 3; }
  void inspect(int64_t, Inspection&) const override {}

 private:
  int64_t images_;
  Vocabulary vocabulary_;
};

std::vector<int64_t> numbers(const Dataset& dataset) {
  std::vector<int64_t> names;
  for (int64_t id = 0; id < dataset.size(); ++id) names.push_back(std::stoll(dataset.name(id)));
  return names;
}

TEST(FractionOf, IsNestedInOrderAndOfWholeImages) {
  const auto all = std::make_shared<Triples>(100);
  std::vector<int64_t> smaller;
  for (const double fraction : {0.001, 0.1, 0.2, 0.29, 0.5, 0.999}) {
    const std::vector<int64_t> larger = numbers(*fraction_of(all, fraction, 4));
    ASSERT_EQ(std::ssize(larger), 3 * images_of_fraction(100, fraction));
    ASSERT_TRUE(std::ranges::is_sorted(larger));
    ASSERT_TRUE(std::ranges::includes(larger, smaller));
    for (size_t i = 0; i < larger.size(); i += 3) ASSERT_EQ(larger[i] % 3 + larger[i + 2] - larger[i], 2);
    smaller = larger;
  }
  EXPECT_EQ(fraction_of(all, 1, 4), all);
}

TEST(FractionOf, IsDrawnByItsSeed) {
  const auto all = std::make_shared<Triples>(100);
  const auto fraction = fraction_of(all, 0.2, 1);
  EXPECT_EQ(numbers(*fraction), numbers(*fraction_of(all, 0.2, 1)));
  EXPECT_NE(numbers(*fraction), numbers(*fraction_of(all, 0.2, 2)));
  EXPECT_NE(fraction->fingerprint(), fraction_of(all, 0.2, 2)->fingerprint());
  const std::vector<int64_t> drawn = numbers(*fraction);
  EXPECT_LT(drawn.front(), 60);  // from all of the list, not only from one end
  EXPECT_GT(drawn.back(), 240);
}

// The paper's Table 8: 10, 20 and 50 % of ADE20K and NYUv2.
TEST(FractionOf, HasAsManyImagesAsThePaper) {
  EXPECT_EQ(images_of_fraction(20210, 0.1), 2021);
  EXPECT_EQ(images_of_fraction(20210, 0.2), 4042);
  EXPECT_EQ(images_of_fraction(20210, 0.5), 10105);
  EXPECT_EQ(images_of_fraction(24231, 0.1), 2423);
  EXPECT_EQ(images_of_fraction(24231, 0.2), 4846);
  EXPECT_EQ(images_of_fraction(24231, 0.5), 12115);
  EXPECT_EQ(images_of_fraction(100, 0.29), 29);
  EXPECT_EQ(images_of_fraction(3, 0.1), 1);
}

}  // namespace
}  // namespace glid
