#include "glid/viz/draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "glid/data/scenes.h"
#include "glid/viz/contact_sheet.h"

namespace glid {
namespace {

Rgb pixel(const Image& image, int64_t x, int64_t y) {
  Rgb color{};
  std::copy_n(image.row(y) + 3 * x, 3, color.begin());
  return color;
}

int count(const Image& image, const Rgb& color) {
  int found = 0;
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < image.width; ++x) found += pixel(image, x, y) == color ? 1 : 0;
  return found;
}

constexpr Rgb kGrey = {100, 100, 100}, kRed = {200, 0, 0};

TEST(Draw, ClassColorsDiffer) {
  std::set<Rgb> colors;
  for (int64_t i = 0; i < 150; ++i) colors.insert(class_color(i));
  EXPECT_GT(colors.size(), 140u);
  EXPECT_EQ(class_color(7), class_color(7));
}

TEST(Draw, ABoxIsItsBorder) {
  Image image = Image::filled(20, 20, 100);
  draw_box(image, {3, 4, 10, 12}, kRed, "");
  EXPECT_EQ(pixel(image, 3, 4), kRed);
  EXPECT_EQ(pixel(image, 9, 11), kRed);
  EXPECT_EQ(pixel(image, 10, 11), kGrey);
  EXPECT_EQ(pixel(image, 5, 6), kGrey);
  draw_box(image, {-1e12, -5, 1e12, 18}, kRed, "far");
  EXPECT_EQ(pixel(image, 19, 17), kRed);
}

// Boxes within each other, closer than names are high: each name keeps all of its colour.
TEST(Draw, NamesCoverNoOthersWhereThereIsRoom) {
  Image image = Image::filled(400, 400, 100);
  std::vector<NamedBox> boxes;
  std::vector<int> alone;
  for (uint8_t i = 0; i < 4; ++i) {
    const Rgb color{250, static_cast<uint8_t>(20 * i), 0};
    const double inset = 4.0 * i;
    boxes.push_back({{150 + inset, 150 + inset, 270 - inset, 270 - inset}, {0, 0, 200}, {{"a name", color}}});
    Image own = Image::filled(400, 400, 100);
    draw_boxes(own, {&boxes.back(), 1});
    alone.push_back(count(own, color));
  }
  draw_boxes(image, boxes);
  for (size_t i = 0; i < boxes.size(); ++i) EXPECT_EQ(count(image, boxes[i].names[0].color), alone[i]) << i;
}

TEST(Draw, NamesOfABoxStandBelowEachOther) {
  Image image = Image::filled(200, 200, 100);
  const NamedBox box{{50, 100, 150, 180}, kRed, {{"cat 0.9", kRed}, {"dog 0.3", {0, 0, 200}}}};
  draw_boxes(image, {&box, 1});
  int64_t first = -1, second = -1;  // rows
  for (int64_t y = 0; y < 100; ++y) {
    if (first < 0 && pixel(image, 50, y) == kRed) first = y;
    if (second < 0 && pixel(image, 50, y) == Rgb{0, 0, 200}) second = y;
  }
  EXPECT_GE(first, 0);
  EXPECT_GT(second, first + 5);
}

// What the eye sees of them is the same.
TEST(Draw, LinesAndLettersGrowWithThePicture) {
  const auto drawn = [](int64_t height, int64_t width) {
    Image image = Image::filled(height, width, 100);
    draw_box(image, {width * 0.25, height * 0.25, width * 0.75, height * 0.75}, kRed, "cat");
    return image;
  };
  const auto border = [](const Image& image) {
    int64_t px = 0;
    for (int64_t x = 0; x < image.width / 2; ++x) px += pixel(image, x, image.height * 6 / 10) == kRed;
    return px;
  };
  const Image usual = drawn(480, 640), large = drawn(1200, 1600), small = drawn(120, 160), strip = drawn(3000, 10);
  EXPECT_EQ(border(small), 1);
  EXPECT_EQ(border(usual), 1);
  EXPECT_EQ(border(large), 3);
  EXPECT_EQ(border(strip), 1);
  const auto part_in_red = [](const Image& image) {
    return static_cast<double>(count(image, kRed)) / static_cast<double>(image.height * image.width);
  };
  EXPECT_NEAR(part_in_red(large), part_in_red(usual), 0.3 * part_in_red(usual));
}

TEST(Draw, OutlinesAndJointsGrowToo) {
  Image image = Image::filled(1200, 1600, 100);
  std::vector<uint32_t> ids(1200 * 1600);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = i % 1600 < 800 ? 1 : 2;
  outline(image, ids, kRed);
  EXPECT_EQ(count(image, kRed), 1200 * 3);
  draw_keypoints(image, std::vector<Keypoint>{{200, 200, Visibility::kVisible}}, {}, kRed);
  EXPECT_EQ(pixel(image, 206, 200), kRed);
}

TEST(Draw, IgnoredLabelsStay) {
  Image image = Image::filled(1, 3, 100);
  const std::vector<Rgb> colors(256, kRed);
  tint_labels(image, std::vector<uint16_t>{3, kIgnoreLabel, 256}, colors, 1);
  EXPECT_EQ(pixel(image, 0, 0), kRed);
  EXPECT_EQ(pixel(image, 1, 0), kGrey);
  EXPECT_EQ(pixel(image, 2, 0), kGrey);
  EXPECT_THROW(tint_labels(image, std::vector<uint16_t>{3}, colors, 1), std::invalid_argument);
}

TEST(Draw, OutlinesRunWhereIdsMeet) {
  Image image = Image::filled(2, 3, 100);
  outline(image, std::vector<uint32_t>{7, 7, 9, 7, 7, 9}, kRed);
  EXPECT_EQ(pixel(image, 0, 0), kGrey);
  EXPECT_EQ(pixel(image, 1, 0), kRed);
  EXPECT_EQ(pixel(image, 2, 1), kGrey);
}

// Machado et al. (2009): what is left to eyes without the red, or without the green cones.
Rgb seen_without(bool red, const Rgb& color) {
  constexpr double kNoRed[3][3] = {
      {0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}};
  constexpr double kNoGreen[3][3] = {
      {0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}};
  Rgb seen{};
  for (size_t i = 0; i < 3; ++i) {
    double linear = 0;
    for (size_t j = 0; j < 3; ++j) linear += (red ? kNoRed : kNoGreen)[i][j] * std::pow(color[j] / 255.0, 2.2);
    seen[i] = static_cast<uint8_t>(std::lround(255 * std::pow(std::clamp(linear, 0.0, 1.0), 1 / 2.2)));
  }
  return seen;
}

TEST(Draw, TheColourBlindCanTellTwentyClassesApart) {
  const auto distance = [](const Rgb& a, const Rgb& b) {
    double sum = 0;
    for (size_t c = 0; c < 3; ++c) sum += (a[c] - b[c]) * (a[c] - b[c]);
    return std::sqrt(sum);
  };
  for (int64_t i = 0; i < 20; ++i)
    for (int64_t j = 0; j < i; ++j)
      for (const bool red : {false, true})
        EXPECT_GT(distance(seen_without(red, class_color(i)), seen_without(red, class_color(j))), 20) << i << " and " << j;
}

TEST(Draw, JointsAndLimbs) {
  Image image = Image::filled(30, 40, 100);
  const std::vector<Keypoint> joints = {{5, 10, Visibility::kVisible}, {25, 10, Visibility::kHidden}, {15, 25}};
  draw_keypoints(image, joints, std::vector<Vocabulary::Limb>{{0, 1}, {0, 2}, {1, 9}, {-1, 0}}, kRed);
  EXPECT_EQ(pixel(image, 5, 10), kRed);
  EXPECT_GT(pixel(image, 15, 10)[0], 180);
  EXPECT_EQ(pixel(image, 15, 25), kGrey);
  EXPECT_EQ(pixel(image, 10, 18), kGrey);
}

TEST(ClassColors, AreOfTheNameInEveryList) {
  const Vocabulary vocabulary{.objects = {{1, "cat"}, {5, "dog"}},
                              .labels = {{0, "sky"}, {1, "dog"}, {2, "cat"}},
                              .segments = {{7, "dog"}, {8, "sky"}}};
  const ClassColors colors(vocabulary);
  EXPECT_EQ(colors.objects[0], class_color(0));
  EXPECT_EQ(colors.labels[2], colors.objects[0]);
  EXPECT_EQ(colors.labels[1], colors.objects[1]);
  EXPECT_EQ(colors.segments[0], colors.objects[1]);
  EXPECT_EQ(colors.segments[1], colors.labels[0]);
  EXPECT_NE(colors.labels[0], colors.objects[0]);
}

TEST(ClassColors, OfNumbersWithoutNamesDiffer) {
  Vocabulary vocabulary;
  for (int64_t id = 0; id < 4; ++id) vocabulary.labels.push_back({id, ""});
  const std::vector<Rgb> colors = ClassColors(vocabulary).labels;
  EXPECT_EQ(std::set<Rgb>(colors.begin(), colors.end()).size(), 4U);
}

TEST(ClassColors, OfManyAreToldApartInTheOrderOfTheLabels) {
  Vocabulary vocabulary{.objects = {{31, "lamp"}}};
  for (int64_t i = 0; i < kNumDistinctColors + 10; ++i) vocabulary.labels.push_back({i, "class " + std::to_string(i)});
  EXPECT_EQ(ClassColors(vocabulary).labels[0], class_color(0));
  vocabulary.labels.resize(5);
  EXPECT_EQ(ClassColors(vocabulary).objects[0], class_color(0));
}

// Two things of one class lie side by side; a third pixel row is of no segment.
TEST(SamplePictures, SegmentsHaveTheirClassesColours) {
  Sample sample{.image = Image::filled(6, 12, 0)};
  sample.targets.panoptic.ids = std::vector<uint32_t>(72, 0);
  for (size_t i = 0; i < 48; ++i) sample.targets.panoptic.ids[i] = i % 12 < 6 ? 3 : 4;
  sample.targets.panoptic.segments = {{3, 1}, {4, 1}};
  const Vocabulary vocabulary{.segments = {{10, "sky"}, {11, "\xe4\xba\xba"}}, .is_thing = {false, true}};
  const SamplePictures drawn = draw_sample(sample, vocabulary, 12);
  ASSERT_EQ(drawn.pictures.size(), 2u);
  const Image& segments = drawn.pictures[1].image;
  EXPECT_EQ(pixel(segments, 1, 1), pixel(segments, 9, 1)) << "one class, one colour";
  EXPECT_EQ(pixel(segments, 5, 1), (Rgb{255, 255, 255})) << "a line between two things";
  EXPECT_EQ(pixel(segments, 1, 5), (Rgb{0, 0, 0}));
  EXPECT_EQ(drawn.classes, (std::vector<NamedColor>{{"class 11", class_color(1)}}));
}

TEST(ContactSheet, OfScenes) {
  const Scenes scenes({1, 40, 64}, Split::kVal);
  const SamplePictures drawn = draw_sample(scenes.get(0), scenes.vocabulary(), 128);
  ASSERT_EQ(drawn.pictures.size(), 4u);
  EXPECT_GT(drawn.pictures[3].image.width, drawn.pictures[3].image.height) << "with its scale";
  EXPECT_EQ(drawn.pictures[3].image.height, 128);
  EXPECT_TRUE(drawn.pictures[0].caption.starts_with(scenes.name(0)));
  const Image sheet = contact_sheet(scenes, {.count = 16, .seed = 3, .side_px = 128});
  EXPECT_EQ(sheet.width, 4 * 134 + 6);
  EXPECT_GT(sheet.height, 4 * (134 + 18) + 6) << "names and a legend";
  EXPECT_EQ(sheet, contact_sheet(scenes, {.count = 4, .seed = 3, .side_px = 128}));
  EXPECT_NE(sheet, contact_sheet(scenes, {.count = 4, .seed = 4, .side_px = 128}));
  EXPECT_THROW(contact_sheet(scenes, {.count = 0}), std::invalid_argument);
}

TEST(ContactSheet, TheLegendShowsTheColours) {
  const Image legend = color_legend({{"cat", kRed}, {"dog", {0, 0, 200}}}, 300);
  EXPECT_GT(count(legend, kRed), 80);
  EXPECT_EQ(count(legend, kRed), count(legend, {0, 0, 200}));
}

}  // namespace
}  // namespace glid
