// What users see of predictions, as it looked when somebody looked at it: pictures of fixed predictions beside the PNGs of
// tests/golden/pictures. GLID_RENEW_GOLDENS=1 in the environment writes these anew; look at them before you commit them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "glid/formats/image_file.h"
#include "glid/viz/attention_picture.h"
#include "glid/viz/prediction_picture.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kHeight = 200, kWidth = 320;

const Vocabulary kScene{.images = {{0, "indoor"}, {1, "outdoor"}},
                        .objects = {{1, "cat"}, {2, "dog"}},
                        .labels = {{0, "sky"}, {1, "meadow"}, {2, "cat"}},
                        .segments = {{0, "sky"}, {1, "meadow"}, {2, "cat"}},
                        .is_thing = {false, false, true},
                        .joints = {"head", "left hand", "right hand", "foot"},
                        .limbs = {{0, 1}, {0, 2}, {0, 3}}};

// Of each pixel what value(x, y) says.
template <class Value, class Pixel>
std::vector<Value> raster(const Pixel& value) {
  std::vector<Value> map;
  for (int64_t y = 0; y < kHeight; ++y)
    for (int64_t x = 0; x < kWidth; ++x) map.push_back(static_cast<Value>(value(x, y)));
  return map;
}

bool is_in_disc(int64_t x, int64_t y) { return (x - 110) * (x - 110) + (y - 110) * (y - 110) < 60 * 60; }

// Sky over a meadow, with a disc before them.
int part_of(int64_t x, int64_t y) { return is_in_disc(x, y) ? 2 : y < 90 ? 0 : 1; }

Image scene(int64_t height = kHeight, int64_t width = kWidth) {
  constexpr uint8_t kColors[3][3] = {{150, 190, 230}, {90, 140, 60}, {200, 120, 70}};
  Image image = Image::filled(height, width, 0);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) std::copy_n(kColors[part_of(x, y)], 3, image.row(y) + 3 * x);
  return image;
}

Prediction prediction_of(std::vector<Detection> detections = {}) {
  return {.height = kHeight, .width = kWidth, .detections = std::move(detections)};
}

Image drawn(const Prediction& prediction, const Vocabulary& vocabulary = kScene) {
  return prediction_picture(scene(), "scene.jpg", prediction, vocabulary, 0.5);
}

const std::vector<Detection> kTwoBoxes{{.category = 0, .score = 0.93, .box = {50, 50, 170, 170}},
                                       {.category = 1, .score = 0.61, .box = {200, 90, 300, 180}},
                                       {.category = 1, .score = 0.2, .box = {0, 0, 30, 30}}};

struct Apartness {
  double mean = 0;      // grey levels
  double far_away = 0;  // part of the values that differ by more than kNear
};
constexpr int kNear = 24;

Apartness difference_of(const Image& a, const Image& b) {
  if (a.height != b.height || a.width != b.width) return {255, 1};
  int64_t sum = 0, num_far = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    const int apart = std::abs(a.pixels[i] - b.pixels[i]);
    sum += apart;
    num_far += apart > kNear ? 1 : 0;
  }
  const auto count = static_cast<double>(a.pixels.size());
  return {static_cast<double>(sum) / count, static_cast<double>(num_far) / count};
}

// Edges of lines and letters may look a little different with another OpenCV.
bool is_alike(const Image& a, const Image& b) {
  const Apartness difference = difference_of(a, b);
  return difference.mean < 1 && difference.far_away < 0.001;
}

fs::path golden_file(const std::string& name) { return fs::path(GLID_TEST_GOLDEN) / "pictures" / (name + ".png"); }

void expect_golden(const std::string& name, const Image& picture) {
  const fs::path file = golden_file(name);
  if (std::getenv("GLID_RENEW_GOLDENS") != nullptr) write_png(file, picture);
  const Image golden = read_image(file);
  EXPECT_EQ(golden.height, picture.height);
  EXPECT_EQ(golden.width, picture.width);
  const auto [mean, far_away] = difference_of(golden, picture);
  EXPECT_TRUE(is_alike(golden, picture)) << name << ": mean difference " << mean << ", " << far_away << " of all over "
                                         << kNear;
  EXPECT_LT(fs::file_size(file), 30'000u);
}

TEST(GoldenPictures, BoxesWithNames) { expect_golden("boxes", drawn(prediction_of(kTwoBoxes))); }

TEST(GoldenPictures, Masks) {
  Detection disc{.category = 0, .score = 0.88, .box = {51, 51, 170, 170}};
  disc.mask = rle_from_mask(raster<uint8_t>([](int64_t x, int64_t y) { return is_in_disc(x, y); }), kHeight, kWidth);
  expect_golden("masks", drawn(prediction_of({disc})));
}

TEST(GoldenPictures, SemanticWithLegend) {
  Prediction prediction = prediction_of();
  prediction.semantic = raster<uint16_t>(part_of);
  expect_golden("semantic", drawn(prediction));
}

TEST(GoldenPictures, PanopticWithLegend) {
  Prediction prediction = prediction_of();
  prediction.panoptic.ids = raster<uint32_t>([](int64_t x, int64_t y) { return part_of(x, y) + 1; });
  prediction.panoptic.segments = {{1, 0}, {2, 1}, {3, 2}};
  expect_golden("panoptic", drawn(prediction));
}

TEST(GoldenPictures, Skeletons) {
  const Detection person{.category = 0,
                         .score = 0.77,
                         .box = {180, 20, 310, 190},
                         .keypoints = {{245, 40, 0.9}, {190, 100, 0.8}, {300, 100, 0.1}, {245, 180, 0.9}}};
  expect_golden("skeletons", drawn(prediction_of({person})));
}

TEST(GoldenPictures, DepthWithItsScale) {
  Prediction prediction = prediction_of();
  prediction.depth = raster<double>([](int64_t x, int64_t y) { return is_in_disc(x, y) ? 2.5 : 9.0 - 0.02 * double(y); });
  expect_golden("depth", drawn(prediction));
}

TEST(GoldenPictures, Attention) {
  const std::vector<AttentionMap> maps{{3, 3, {0, 0, 0, 0, 1, 0, 0.5, 2, 0}, 64}, {2, 2, {0.1, 0.2, 0, 0.7}, 128}};
  expect_golden("attention", attention_picture(scene(100, 128), "query 17: cat 0.93", Box{50, 50, 125, 95}, maps));
}

// Another name, a box that is moved by three pixels, another colour: a comparison that sees none of them is none.
TEST(GoldenPictures, AreComparedSharplyEnough) {
  const Image golden = read_image(golden_file("boxes"));
  Vocabulary renamed = kScene;
  renamed.objects[0].name = "locomotive";
  EXPECT_FALSE(is_alike(golden, drawn(prediction_of(kTwoBoxes), renamed)));
  std::vector<Detection> moved = kTwoBoxes;
  moved[1].box = {203, 90, 303, 180};
  EXPECT_FALSE(is_alike(golden, drawn(prediction_of(moved))));
  std::vector<Detection> recoloured = kTwoBoxes;
  recoloured[1].category = 0;
  EXPECT_FALSE(is_alike(golden, drawn(prediction_of(recoloured))));
}

}  // namespace
}  // namespace glid
