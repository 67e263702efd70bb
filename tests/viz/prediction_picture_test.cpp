#include "glid/viz/prediction_picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace glid {
namespace {

const Vocabulary kClasses{.images = {{1, "indoor"}, {2, "outdoor"}},
                          .objects = {{1, "cat"}, {5, "dog"}},
                          .labels = {{0, "sky"}, {1, "dog"}},
                          .segments = {{0, "sky"}, {1, "dog"}},
                          .is_thing = {false, true}};

Rgb pixel(const Image& image, int64_t x, int64_t y) {
  Rgb color{};
  std::copy_n(image.row(y) + 3 * x, 3, color.begin());
  return color;
}

// How many pixels of the first `height` rows have the colour.
int64_t count(const Image& image, const Rgb& color, int64_t height) {
  int64_t found = 0;
  for (int64_t y = 0; y < std::min(height, image.height); ++y)
    for (int64_t x = 0; x < image.width; ++x) found += pixel(image, x, y) == color ? 1 : 0;
  return found;
}

Image drawn(const Prediction& prediction, int64_t height = 400, int64_t width = 500, double score = 0.5) {
  return prediction_picture(Image::filled(height, width, 90), "a.jpg", prediction, kClasses, score);
}

TEST(PredictionPicture, BoxesHaveTheirClassesColours) {
  const Prediction prediction{.height = 400,
                              .width = 500,
                              .detections = {{.category = 1, .score = 0.9, .box = {100, 50, 200, 300}},
                                             {.category = 0, .score = 0.4, .box = {300, 50, 400, 300}}}};
  const Image image = drawn(prediction);
  EXPECT_EQ(image.width, 500);
  EXPECT_EQ(pixel(image, 100, 200), class_color(1));
  EXPECT_EQ(pixel(image, 199, 200), class_color(1));
  EXPECT_EQ(pixel(image, 150, 200), (Rgb{90, 90, 90}));
  EXPECT_EQ(count(image, class_color(0), 400), 0) << "below the score";
  EXPECT_EQ(pixel(drawn(prediction, 400, 500, 0.3), 300, 200), class_color(0));
}

// One query, surest of a dog: the cat's box would lie over it.
TEST(PredictionPicture, ABoxOfSeveralClassesIsOneWithSeveralNames) {
  const Box box{100, 100, 200, 300};
  Prediction prediction{
      .height = 400,
      .width = 500,
      .detections = {{.category = 1, .score = 0.9, .box = box}, {.category = 0, .score = 0.8, .box = box}}};
  const Image image = drawn(prediction);
  const int64_t of_dog = count(image, class_color(1), 90), of_cat = count(image, class_color(0), 400);
  EXPECT_GT(of_dog, 100) << "its name, above that of the cat";
  EXPECT_GT(of_cat, 100);
  EXPECT_EQ(of_cat, count(image, class_color(0), 100)) << "a name above the box, and no line";
  prediction.detections[1].box.x0 += 1e-3;
  EXPECT_GT(count(drawn(prediction), class_color(0), 400), 0) << "another box";
  prediction.detections.assign(5, prediction.detections[0]);
  const Image five = drawn(prediction);
  prediction.detections.resize(4);
  EXPECT_NE(five, drawn(prediction)) << "+2 and +1";
}

TEST(PredictionPicture, SaysWhatTheBestIsWhereNothingIsDrawn) {
  Prediction prediction{.height = 400, .width = 500, .detections = {{.category = 1, .score = 0.4, .box = {9, 9, 90, 90}}}};
  const Image none = drawn(prediction);
  EXPECT_GT(none.height, drawn(prediction, 400, 500, 0.4).height) << "a line more";
  prediction.detections[0].score = 0.3;
  EXPECT_NE(none, drawn(prediction));
  prediction.detections.clear();
  EXPECT_LT(drawn(prediction).height, none.height);
}

// 0.5 is drawn and 0.49 isn't; the truth has no scores.
TEST(PredictionAndTruth, HaveScoresFromTheUsualOneOn) {
  const Image image = Image::filled(256, 256, 90);
  const Targets truth{.instances = {{.category = 1, .box = {50, 50, 200, 200}}}};
  const auto row_of = [&](double score) {
    return prediction_and_truth(image, {.detections = {{.category = 1, .score = score, .box = {50, 50, 200, 200}}}}, truth,
                                kClasses);
  };
  const std::vector<Image> row = row_of(kUsualScore);
  ASSERT_EQ(row.size(), titles_of_objects().size());
  EXPECT_EQ(row[0], image);
  EXPECT_NE(row[1], row[2]) << "the score";
  EXPECT_EQ(pixel(row[1], 50, 150), class_color(1));
  EXPECT_NE(row[1], row_of(0.6)[1]);
  const std::vector<Image> none = row_of(0.49);
  EXPECT_EQ(pixel(none[1], 50, 150), (Rgb{90, 90, 90}));
  EXPECT_EQ(pixel(none[2], 50, 150), class_color(1));
  for (const Image& picture : none) EXPECT_EQ(picture.height, none[0].height) << "rows stay side by side";
  EXPECT_GT(none[1].height, 256) << "which tells the best";
}

TEST(PredictionPicture, TheBestIsOnTopAndScoresAreTold) {
  const Detection best{.category = 1, .score = 0.9, .box = {100, 100, 200, 300}};
  const Detection second{.category = 0, .score = 0.8, .box = {100, 100, 200, 301}};
  const Prediction both{.height = 400, .width = 500, .detections = {best, second}};
  EXPECT_EQ(pixel(drawn(both), 100, 250), class_color(1));
  EXPECT_EQ(pixel(drawn(both), 110, 300), class_color(0)) << "the other one's line";
  Prediction other = both;
  other.detections[0].score = 0.85;
  EXPECT_NE(drawn(both), drawn(other));
}

// Small images are enlarged, large ones made smaller.
TEST(PredictionPicture, IsOfASizeThatPeopleSee) {
  const Prediction small{.height = 1, .width = 1, .detections = {{.score = 1, .box = {0, 0, 1, 1}}}};
  const Image enlarged = drawn(small, 1, 1);
  EXPECT_EQ(enlarged.width, kSmallestPx);
  EXPECT_EQ(pixel(enlarged, 0, 200), class_color(0));
  const Prediction large{.height = 30, .width = 4 * kLargestPx};
  EXPECT_EQ(drawn(large, 30, 4 * kLargestPx).width, kLargestPx);
}

// A strip has room for no letter, and a photograph more than for hairlines.
TEST(PredictionPicture, IsOfAnyShape) {
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{1, 3000}, {3000, 1}, {2250, 3000}}) {
    const auto pixels = static_cast<size_t>(height * width);
    const double right = double(width), bottom = double(height);
    const Prediction everything{.height = height,
                                .width = width,
                                .detections = {{.category = 1, .score = 0.9, .box = {0, 0, right, bottom}}},
                                .semantic = std::vector<uint16_t>(pixels, 1),
                                .depth = std::vector<double>(pixels, 2.5)};
    const Image image = drawn(everything, height, width);
    EXPECT_GE(std::max(image.height, image.width), kLargestPx) << height << " x " << width;
  }
  const Prediction photograph{
      .height = 2250, .width = 3000, .detections = {{.category = 1, .score = 0.9, .box = {600, 600, 2400, 1800}}}};
  const Image image = drawn(photograph, 2250, 3000);
  EXPECT_EQ(image.width, kLargestPx);
  EXPECT_EQ(image.height, 1200 + 45) << "a caption to be read";
  for (const int64_t x : {319, 320, 321}) EXPECT_EQ(pixel(image, x, 800), class_color(1)) << x;
}

TEST(PredictionPicture, MapsOfClassesHaveALegend) {
  const Prediction prediction{.height = 400, .width = 500, .semantic = std::vector<uint16_t>(200000, 1)};
  const Image image = drawn(prediction);
  EXPECT_EQ(image.width, 500) << "the map alone";
  EXPECT_GT(image.height, 420);
  EXPECT_EQ(count(image, class_color(1), 400), 0) << "blended with the image";
  EXPECT_GT(count(image, class_color(1), image.height), 80) << "in the legend";
  EXPECT_EQ(count(image, class_color(2), image.height), 0) << "sky isn't in it";
}

TEST(PredictionPicture, DepthStandsBesideTheImage) {
  Prediction prediction{.height = 400, .width = 500, .depth = std::vector<double>(200000, 2)};
  prediction.depth[7] = 5;
  EXPECT_GT(drawn(prediction).width, 1000 + 60) << "as large as that, with its scale";
}

TEST(DrawableTargets, HaveTheLikeliestClassAndCertainJoints) {
  const Prediction prediction{.height = 4,
                              .width = 5,
                              .label_scores = {0.2, 0.8},
                              .detections = {{.score = 1, .keypoints = {{1, 2, 0.9}, {3, 2, 0.1}}}}};
  const Targets targets = drawable_targets(prediction, 0.5);
  EXPECT_EQ(targets.label, 1);
  ASSERT_EQ(targets.instances.size(), 1u);
  EXPECT_EQ(targets.instances[0].keypoints,
            (std::vector<Keypoint>{{1, 2, Visibility::kVisible}, {3, 2, Visibility::kHidden}}));
}

}  // namespace
}  // namespace glid
