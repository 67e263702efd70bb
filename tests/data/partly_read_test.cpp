#include "glid/data/partly_read.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "glid/data/data_config.h"
#include "support/noise_image.h"
#include "support/temporary_folder.h"
#include "write_images.h"

namespace glid {
namespace {

// JPEGs of 100 x 120 px, of which a fraction is read.
class PartlyReadTest : public testing::TestWithParam<double> {
 protected:
  PartlyReadTest() {
    for (int64_t i = 0; i < 8; ++i)
      write_text(dir_.path() / "train" / (std::to_string(i) + ".jpg"), encode_jpeg(noise_image(100, 120, i), 90));
    write_text(dir_.path() / "val" / "0.jpg", encode_jpeg(noise_image(100, 120, 9), 90));
  }
  std::shared_ptr<const Dataset> images() const {
    DataConfig config;
    config.dataset = FolderConfig{{dir_.path().string()}};
    config.fraction = GetParam();
    return make_dataset(config, Split::kTrain, DataUse::kImages);
  }

 private:
  TemporaryFolder dir_;
};

// The part of sample i begins in row i.
TEST_P(PartlyReadTest, DecodesTheKeysPartAlone) {
  const auto all = images();
  const PartlyRead partly(all, [](int64_t, int64_t width, const SampleKey& key) -> Box {
    const auto top = static_cast<double>(key.id);
    return {0, top, static_cast<double>(width), top + 1};
  });
  ASSERT_EQ(partly.size(), static_cast<int64_t>(8 * GetParam()));
  for (int64_t id = 0; id < partly.size(); ++id) {
    const Sample whole = all->get(id), part = partly.get(SampleKey{1, 0, id});
    EXPECT_EQ(part.id, id);
    EXPECT_EQ(part.name, whole.name);
    EXPECT_TRUE(std::equal(part.image.row(id), part.image.row(id + 1), whole.image.row(id)));
    EXPECT_NE(part.image, whole.image);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, PartlyReadTest, testing::Values(1.0, 0.5));

// Sets that can't read parts are read whole.
TEST(PartlyRead, TakesAnyDataset) {
  const auto scenes = std::make_shared<Scenes>(Scenes::Config{.count = 3, .size_px = 32}, Split::kTrain);
  const PartlyRead partly(scenes, [](int64_t, int64_t, const SampleKey&) { return Box{0, 0, 1, 1}; });
  EXPECT_EQ(partly.get(SampleKey{1, 0, 2}).image, scenes->get(2).image);
}

}  // namespace
}  // namespace glid
