#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "glid/formats/image_file.h"
#include "glid/formats/safetensors.h"
#include "glid/formats/sha256.h"
#include "support/program.h"
#include "support/run_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

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
  std::vector<std::string> arguments(const std::vector<std::string>& options, const fs::path& to) const {
    std::vector<std::string> all{"--model", "tiny", "--checkpoint", (dir_.path() / "run").string(), "--out", to.string()};
    all.insert(all.end(), options.begin(), options.end());
    return all;
  }
  ProgramResult extract(const std::vector<std::string>& options) const { return extract(options, out()); }
  ProgramResult extract(const std::vector<std::string>& options, const fs::path& to) const {
    return run("glid_features", arguments(options, to));
  }
  fs::path images() const { return dir_.path() / "images"; }
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

TEST_F(Features, TheModelIsTheFilesUnlessAnotherIsAskedFor) {
  const std::vector<std::string> rest{"--input", images().string(), "--size",       "32",
                                      "--out",   out().string(),    "--checkpoint", (dir_.path() / "run").string()};
  EXPECT_EQ(run("glid_features", rest).code, 0);
  std::vector<std::string> other{"--model", "swint"};
  other.insert(other.end(), rest.begin(), rest.end());
  const ProgramResult result = run("glid_features", other);
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.output, HasSubstr("the model is swint, window 7; --model tiny takes it"));
}

TEST_F(Features, SizeAndModelAreTheRuns) {
  const ProgramResult result = run("glid_features", {"--checkpoint", (dir_.path() / "run").string(), "--input",
                                                     images().string(), "--out", out().string(), "--stages", "1"});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("images of 24 px (the run's data.image_size), transform eval"));
  const SafetensorsFile file(out());
  EXPECT_EQ(file.names(), (std::vector<std::string>{"a/one/stage1", "two/stage1"}));
  EXPECT_EQ(file.find("two/stage1")->shape, (std::vector<int64_t>{32, 24, 24}));
  const fs::path weights = checkpoint_of(dir_.path() / "run", 1) / "model.safetensors";
  EXPECT_EQ(file.metadata().at("weights_sha256"), sha256_of_file(weights));
  EXPECT_EQ(file.metadata().at("weights"), weights.string());
  EXPECT_EQ(file.metadata().at("image_size"), "24");
  EXPECT_EQ(file.metadata().at("transform"), "eval");
  EXPECT_THAT(file.metadata().at("model"), HasSubstr("tiny"));
  EXPECT_THAT(file.metadata().at("program"), HasSubstr("glid_features"));
}

TEST_F(Features, TheUsualSizeOfAnEncoderAloneIs224) {
  const fs::path weights = checkpoint_of(dir_.path() / "run", 1) / "model.safetensors";
  const ProgramResult result =
      run("glid_features", {"--encoder", weights.string(), "--input", (images() / "two.jpg").string(), "--out",
                            out().string(), "--pool", "mean"});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("images of 224 px (the usual one of an encoder alone: --size sets another)"));
  EXPECT_EQ(SafetensorsFile(out()).find("two/stage4")->shape, (std::vector<int64_t>{256}));
}

TEST_F(Features, ClsIsTheDecoders) {
  const ProgramResult result = extract({"--input", images().string(), "--pool", "cls", "--dtype", "fp16", "--strict"});
  ASSERT_EQ(result.code, 0) << result.output;
  const SafetensorsFile file(out());
  EXPECT_EQ(file.names(), (std::vector<std::string>{"a/one/cls", "two/cls"}));
  EXPECT_EQ(file.find("two/cls")->shape, (std::vector<int64_t>{32}));
  EXPECT_EQ(file.find("two/cls")->dtype, "F16");
}

TEST_F(Features, NeighboursAreDrawnOfOneVectorAnImage) {
  const fs::path sheet = dir_.path() / "new/sheet.png";
  const std::vector<std::string> asked{"--input", images().string(), "--size", "32", "--neighbours", sheet.string()};
  std::vector<std::string> of_vectors = asked;
  of_vectors.insert(of_vectors.end(), {"--pool", "mean", "--stages", "4", "--dtype", "fp16"});
  const ProgramResult refused = extract(asked);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.output,
              HasSubstr("--neighbours: compares one vector an image; --pool mean --stages 4, or --pool cls"));
  std::vector<std::string> among_inputs = of_vectors;
  *(std::ranges::find(among_inputs, sheet.string())) = (images() / "sheet.png").string();
  const ProgramResult to_be_read = extract(among_inputs);
  EXPECT_EQ(to_be_read.code, 2);
  EXPECT_THAT(to_be_read.output, HasSubstr("--neighbours: lies in the folder that is read"));
  *(std::ranges::find(among_inputs, (images() / "sheet.png").string())) = out().string();
  const ProgramResult twice = extract(among_inputs);
  EXPECT_EQ(twice.code, 2);
  EXPECT_THAT(twice.output, HasSubstr("--neighbours: would replace what is read or written beside it"));
  EXPECT_FALSE(fs::exists(out()));
  const ProgramResult result = extract(of_vectors);
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_GT(read_image(sheet).width, 2 * 128);  // the image and its neighbour
}

// A ViT whose units are one patch has one map, and what says the next patch has no decoder.
TEST_F(Features, OfAViTWithoutAPyramidAreItsLastMap) {
  const fs::path vit = dir_.path() / "vit";
  const ProgramResult made = run(
      "glid_train", small_training(vit, {"--set", "train.steps=1", "--set", "task={name: aim, head_blocks: 1}", "--set",
                                         "model.encoder={name: tiny_vit, unit: 1, positions: sincos, class_token: false}"}));
  ASSERT_EQ(made.code, 0) << made.output;
  const std::vector<std::string> whose{"--checkpoint", vit.string(), "--input", images().string(), "--out", out().string()};
  const auto with = [&](std::vector<std::string> options) {
    options.insert(options.begin(), whose.begin(), whose.end());
    return run("glid_features", options);
  };
  const ProgramResult refused = with({"--stages", "3,4"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.output, HasSubstr("--stages: are of a pyramid, and this ViT has its last map alone (got 3,4)"));
  const ProgramResult no_decoder = with({"--pool", "cls"});
  EXPECT_EQ(no_decoder.code, 2);
  EXPECT_THAT(no_decoder.output,
              HasSubstr("--pool: is the decoder's answer, and a model of task.name: aim has none (got cls)"));
  const ProgramResult result = with({});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_EQ(SafetensorsFile(out()).names(), (std::vector<std::string>{"a/one/stage4", "two/stage4"}));
}

TEST_F(Features, OptionsThatCantBeAreRefusedInALine) {
  const auto expect = [&](const std::vector<std::string>& options, int code, const std::string& line) {
    std::vector<std::string> all = options;
    all.insert(all.end(), {"--input", images().string(), "--out", out().string()});
    const ProgramResult result = run("glid_features", all);
    EXPECT_EQ(result.code, code) << result.output;
    EXPECT_THAT(result.output, HasSubstr(line));
    EXPECT_FALSE(fs::exists(out()));
  };
  const std::string of_run = (dir_.path() / "run").string();
  const std::string weights = (checkpoint_of(dir_.path() / "run", 1) / "model.safetensors").string();
  expect({"--checkpoint", of_run, "--stages", "2,5"}, 2, "--stages: must be numbers from 1 to 4, ascending (got 2,5)");
  expect({"--checkpoint", of_run, "--stages", "3,3"}, 2, "--stages: must be numbers from 1 to 4, ascending (got 3,3)");
  expect({"--checkpoint", of_run, "--pool", "max"}, 2, "--pool: ");
  expect({"--checkpoint", of_run, "--transform", "crop"}, 2, "--transform: ");
  expect({"--checkpoint", of_run, "--dtype", "int8"}, 2, "--dtype: ");
  expect({"--checkpoint", of_run, "--pool", "cls", "--stages", "4"}, 2, "--stages: is about the encoder's maps");
  expect({"--encoder", weights, "--pool", "cls"}, 2,
         "--pool: is the decoder's answer, and --encoder gives an encoder alone");
  expect({"--encoder", weights, "--checkpoint", of_run}, 2, "--encoder");
  expect({"--checkpoint", weights}, 3, "is not a run or a checkpoint folder; --encoder takes files of weights");
  expect({}, 2, "--encoder");
}

TEST_F(Features, RefuseSizesAndPlacesBeforeTheWork) {
  EXPECT_EQ(extract({"--input", images().string(), "--size", "30"}).code, 2);
  EXPECT_EQ(extract({"--input", (dir_.path() / "nothing").string(), "--size", "32"}).code, 3);
  const std::vector<std::string> rest{
      "--model", "tiny", "--input",      images().string(),
      "--size",  "32",   "--checkpoint", (dir_.path() / "no run").string()};  // the place is looked at first
  write_file(dir_.path() / "file", "x");
  fs::create_directory(dir_.path() / "folder");
  for (const char* place : {"folder", "file/below"}) {
    std::vector<std::string> arguments = rest;
    arguments.insert(arguments.end(), {"--out", (dir_.path() / place).string()});
    const ProgramResult result = run("glid_features", arguments);
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_THAT(result.output, HasSubstr("--out: "));
  }
  EXPECT_TRUE(fs::is_empty(dir_.path() / "folder"));
  EXPECT_TRUE(temporaries_of(dir_.path() / "folder").empty());
}

TEST_F(Features, WhatIsReadIsNotReplaced) {
  for (const fs::path& place : {images() / "two.jpg", checkpoint_of(dir_.path() / "run", 1) / "model.safetensors"}) {
    const std::string before = read_file(place);
    const ProgramResult result = extract({"--input", images().string(), "--size", "32"}, place);
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_THAT(result.output, HasSubstr("--out: would replace what is read"));
    EXPECT_TRUE(read_file(place) == before);
  }
}

TEST_F(Features, ABadImageIsNamedCountedAndLeftOut) {
  write_file(images() / "a/bad.jpg", "not a picture");
  write_file(images() / "._two.jpg", "a Mac's notes");
  write_file(images() / "three.webp", "RIFF\x10...WEBP");
  const ProgramResult result = extract({"--input", images().string(), "--size", "32"});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr((images() / "a/bad.jpg").string() + ": is not a JPEG or PNG image; left out"));
  EXPECT_THAT(result.output, HasSubstr("left out: 1 image, as only JPEG and PNG are read: 1 x .webp"));
  EXPECT_THAT(result.output, HasSubstr("wrote " + out().string() + ": 2 images; left out: 1 file that can't be read"));
  EXPECT_EQ(SafetensorsFile(out()).names().size(), 8u);
  EXPECT_TRUE(SafetensorsFile(out()).find("two/stage4"));
}

TEST_F(Features, TooManyBadImagesEndItAndLeaveNothing) {
  for (const char* name : {"b.jpg", "c.jpg"}) write_file(images() / name, "not a picture");
  const fs::path deep = dir_.path() / "new/deep/f.safetensors";
  const ProgramResult many = extract({"--input", images().string(), "--size", "32", "--max-bad-files", "1"}, deep);
  EXPECT_EQ(many.code, 3) << many.output;
  EXPECT_THAT(many.output, HasSubstr("--max-bad-files: 2 images can't be read; repair them or raise the limit of 1"));
  EXPECT_FALSE(fs::exists(dir_.path() / "new"));
  const ProgramResult one = extract({"--input", (images() / "b.jpg").string(), "--size", "32"}, deep);
  EXPECT_EQ(one.code, 3);
  EXPECT_THAT(one.output, HasSubstr("b.jpg: is not a JPEG or PNG image"));
  fs::remove_all(images() / "a");
  fs::remove(images() / "two.jpg");
  const ProgramResult none = extract({"--input", images().string(), "--size", "32"}, deep);
  EXPECT_EQ(none.code, 3);
  EXPECT_THAT(none.output, HasSubstr("holds no image that can be read"));
  EXPECT_FALSE(fs::exists(dir_.path() / "new"));
}

// So many images that the program is at work for seconds.
TEST_F(Features, ASignalLeavesNothing) {
  for (int i = 0; i < 3000; ++i)
    fs::create_hard_link(images() / "two.jpg", images() / ("more" + std::to_string(i) + ".jpg"));
  const fs::path deep = dir_.path() / "new/deep/f.safetensors";
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    const Program program("glid_features", arguments({"--input", images().string(), "--size", "32"}, deep));
    ASSERT_TRUE(Program::wait_for_temporary_of(deep)) << program.output();
    program.send(signal);
    EXPECT_EQ(program.wait().code, 128 + signal);
    EXPECT_FALSE(fs::exists(dir_.path() / "new"));
  }
}

// Others read the file: names of Latin-1 are written as text.
TEST_F(Features, NamesAreUtf8) {
  fs::rename(images() / "two.jpg", images() / "M\xFCller.jpg");
  const ProgramResult result = extract({"--input", images().string(), "--size", "32"});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_TRUE(SafetensorsFile(out()).find("M\\xFCller/stage1"));
}

}  // namespace
}  // namespace glid
