#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/formats/image_file.h"
#include "glid/formats/safetensors.h"
#include "support/program.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

Image grey(int64_t size) { return {size, size, std::vector<uint8_t>(static_cast<size_t>(size * size * 3), 128)}; }

class Features : public testing::Test {
 protected:
  // A run whose encoder the cases use.
  void SetUp() override {
    const ProgramResult result = run("glid_train", small_training(dir_.path() / "run", {"--set", "train.steps=1"}));
    ASSERT_EQ(result.code, 0) << result.output;
    fs::create_directories(dir_.path() / "images/a");
    write_png(dir_.path() / "images/a/one.png", grey(32));
    write_jpeg(dir_.path() / "images/two.jpg", grey(50), 90);
  }
  ProgramResult extract(const std::vector<std::string>& options) const {
    std::vector<std::string> arguments{"--model", "tiny",        "--checkpoint", (dir_.path() / "run").string(),
                                       "--out",   out().string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run("glid_features", arguments);
  }
  fs::path out() const { return dir_.path() / "features.safetensors"; }

  TemporaryFolder dir_;
};

TEST_F(Features, HoldFourMapsAnImageUnderItsRelativeName) {
  const ProgramResult result = extract({"--input", (dir_.path() / "images").string(), "--size", "32"});
  ASSERT_EQ(result.code, 0) << result.output;
  const SafetensorsFile file(out());
  EXPECT_EQ(file.names().size(), 8u);
  for (const char* image : {"a/one", "two"})
    for (int stage = 0; stage < 4; ++stage) {
      const TensorInfo* map = file.find(std::string(image) + "/stage" + std::to_string(stage + 1));
      ASSERT_TRUE(map) << image << stage;
      EXPECT_EQ(map->dtype, "F32");
      EXPECT_EQ(map->shape, (std::vector<int64_t>{32 << stage, 32 >> stage, 32 >> stage}));
    }
}

TEST_F(Features, RefuseSizesAndLeaveNoHalfFile) {
  EXPECT_EQ(extract({"--input", (dir_.path() / "images").string(), "--size", "30"}).code, 2);
  write_file(dir_.path() / "images/zz.jpg", "not a picture");
  EXPECT_EQ(extract({"--input", (dir_.path() / "images").string(), "--size", "32"}).code, 3);
  EXPECT_FALSE(fs::exists(out()));
  EXPECT_FALSE(fs::exists(out().string() + ".tmp"));
  EXPECT_EQ(extract({"--input", (dir_.path() / "nothing").string(), "--size", "32"}).code, 3);
}

}  // namespace
}  // namespace glid
