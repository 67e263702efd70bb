// glid_convert as its users meet it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <map>

#include "glid/core/files.h"
#include "glid/core/json.h"
#include "glid/formats/image_file.h"
#include "glid/formats/safetensors.h"
#include "glid/formats/sha256.h"
#include "glid/formats/tensor_file.h"
#include "support/program.h"
#include "support/run_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class Convert : public testing::Test {
 protected:
  // A run whose weights the cases convert, and their averages.
  static void SetUpTestSuite() {
    shared_ = new TemporaryFolder;
    const ProgramResult trained =
        glid::run("glid_train", small_training(run_folder(), {"--set", "train.steps=2", "--set", "checkpoint.every_steps=1",
                                                              "--set", "optim.ema=0.5", "--set", "eval.every_steps=0",
                                                              "--set", "task={name: semantic, queries: 5, points: 16}"}));
    ASSERT_EQ(trained.code, 0) << trained.output;
  }
  static void TearDownTestSuite() { delete shared_; }
  static fs::path run_folder() { return shared_->path() / "run"; }
  static fs::path weights_of_run() { return checkpoint_of(run_folder(), 2) / "model.safetensors"; }

  ProgramResult convert(const fs::path& from, const fs::path& to, std::vector<std::string> options = {}) const {
    options.insert(options.end(), {from.string(), to.string()});
    return glid::run("glid_convert", options);
  }
  fs::path converted(const fs::path& from, const std::string& name, const std::vector<std::string>& options = {}) const {
    const ProgramResult result = convert(from, place(name), options);
    EXPECT_EQ(result.code, 0) << result.output;
    return place(name);
  }
  ProgramResult show(const fs::path& file) const { return glid::run("glid_convert", {"--show", file.string()}); }
  fs::path place(const std::string& name) const { return dir_.path() / name; }
  Json json(const std::string& name) const { return Json::parse(read_file(place(name)), name); }
  // Nothing of this name, nor what was to become it.
  void expect_nothing(const std::string& name) const {
    for (const fs::path& written : {place(name), place(name + ".json"), place(name).replace_extension(".json")})
      EXPECT_FALSE(fs::exists(written) || !temporaries_of(written).empty()) << written;
  }
  void expect_refused(const ProgramResult& result, int code, const std::string& text) const {
    EXPECT_EQ(result.code, code) << result.output;
    EXPECT_THAT(result.output, HasSubstr(text));
  }
  // A file of tensors with these names.
  fs::path file_of(const std::vector<std::string>& names) const {
    const std::vector<float> numbers(4);
    SafetensorsWriter::Tensors tensors;
    for (const std::string& name : names)
      tensors.emplace_back(name, TensorInfo{"F32", {4}, reinterpret_cast<const std::byte*>(numbers.data()), 16});
    write_safetensors(place("some.safetensors"), tensors, {});
    return place("some.safetensors");
  }

  TemporaryFolder dir_;

 private:
  static inline TemporaryFolder* shared_ = nullptr;
};

// Names of `expected` that begin so are the same in `found`, to the bit; how many.
int expect_same_bits(const fs::path& found, const fs::path& expected, const std::string& beginning = "",
                     const std::string& but_for = "-") {
  const TensorFile a(found), b(expected);
  int count = 0;
  for (const std::string& name : b.names()) {
    if (!name.starts_with(beginning) || name.starts_with(but_for)) continue;
    const TensorInfo *of_a = a.find(name), *of_b = b.find(name);
    EXPECT_TRUE(of_a && of_a->dtype == of_b->dtype && of_a->shape == of_b->shape &&
                std::memcmp(of_a->data, of_b->data, of_b->bytes) == 0)
        << name;
    ++count;
  }
  return count;
}

TEST_F(Convert, ARunGivesAllPartsAndItsArchitecture) {
  for (const char* name : {"all.safetensors", "all.pth"}) {
    const fs::path file = converted(run_folder(), name);
    EXPECT_EQ(TensorFile(file).names().size(), TensorFile(weights_of_run()).names().size());
    EXPECT_GT(expect_same_bits(file, weights_of_run()), 200);
    const Json about = json("all.json");
    EXPECT_EQ(about.at("format").as_string(), "glid architecture 1");
    EXPECT_EQ(about.at("encoder").dump(),
              R"({"name":"tiny","channels":32,"depths":[2,2,2,2],"heads":[2,4,8,16],"windows":[6,6,6,6],"patch":1})");
    EXPECT_EQ(about.at("classes").as_array().size(), 7u);
    EXPECT_EQ(
        about.at("questions").dump(),
        R"([{"task":"semantic","learned":{"first":0,"count":5},"heads":["class","embedding"],"masks":{"head":"embedding",)"
        R"("features":"plain","scale":0.17677669529663687},"masked_attention":false}])");
  }
}

TEST_F(Convert, WhichWeightsOfARunCanBeChosen) {
  const fs::path first = converted(run_folder(), "first.safetensors", {"--which", "1"});
  expect_same_bits(first, checkpoint_of(run_folder(), 1) / "model.safetensors");
  const fs::path averages = converted(run_folder(), "ema.safetensors", {"--which", "last", "--weights", "ema"});
  expect_same_bits(averages, checkpoint_of(run_folder(), 2) / "ema.safetensors", "", "num_updates");
  const fs::path given = converted(checkpoint_of(run_folder(), 1), "given.safetensors");
  expect_same_bits(given, first);
  expect_refused(convert(first, place("x.pth"), {"--which", "last"}), 2,
                 "--which: is for runs and checkpoints, but IN is none");
  expect_refused(convert(run_folder(), place("x.pth"), {"--weights", "mean"}), 2, "--weights: must be raw|ema");
}

TEST_F(Convert, ThereAndBackIsTheSame) {
  for (const char* to : {"official", "hf"})
    for (const char* name : {"there.pth", "there.safetensors", "there"}) {
      const fs::path there = converted(run_folder(), name, {"--to", to});
      const fs::path back = converted(there, "back.safetensors");
      EXPECT_EQ(expect_same_bits(back, weights_of_run(), "encoder."), 125) << to << name;
      EXPECT_EQ(TensorFile(back).names().size(), 125u);
      for (const char* made : {"there", "there.json", "there.pth", "there.safetensors"}) fs::remove_all(place(made));
    }
  const fs::path timm = converted(run_folder(), "timm.pth", {"--to", "timm"});
  const fs::path back = converted(timm, "of_timm.safetensors");
  EXPECT_EQ(expect_same_bits(back, weights_of_run(), "encoder.norm3."), 2);
  EXPECT_EQ(expect_same_bits(back, weights_of_run(), "encoder.", "encoder.norm"), 117);
}

TEST_F(Convert, NamesAreThoseOfTheOthers) {
  const TensorFile official(converted(run_folder(), "o.pth", {"--to", "official"}));
  for (const char* name : {"model.norm.weight", "model.norm0.weight", "model.layers.0.downsample.reduction.weight"})
    EXPECT_TRUE(official.find(name)) << name;
  const TensorFile timm(converted(run_folder(), "t.safetensors", {"--to", "timm"}));
  EXPECT_TRUE(timm.find("norm.weight") && timm.find("layers.1.downsample.reduction.weight"));
  EXPECT_FALSE(timm.find("norm0.weight") || timm.find("layers.0.downsample.reduction.weight"));
  const TensorFile hf(converted(run_folder(), "h", {"--to", "hf"}) / "model.safetensors");
  for (const char* name :
       {"layernorm.weight", "hidden_states_norms.stage1.weight", "encoder.layers.0.blocks.0.attention.self.query.weight"})
    EXPECT_TRUE(hf.find(name)) << name;
  EXPECT_EQ(hf.metadata().at("format"), "pt");
}

TEST_F(Convert, TheJsonIsWhatOthersBuildTheirModelsFrom) {
  converted(run_folder(), "t.pth", {"--to", "timm"});
  EXPECT_EQ(json("t.json").dump(),
            R"({"model_name":"swin_tiny_patch4_window7_224","embed_dim":32,"depths":[2,2,2,2],"num_heads":[2,4,8,16],)"
            R"("window_size":6,"patch_size":1,"img_size":224,"num_classes":0})");
  converted(run_folder(), "small.pth", {"--to", "official", "--window", "[6,6,6,3]"});
  EXPECT_EQ(json("small.json").at("img_size").as_int(), 24);  // maps of 24, 12, 6, 3
  EXPECT_EQ(json("small.json").at("window_size").as_int(), 6);
  converted(run_folder(), "h", {"--to", "hf"});
  EXPECT_EQ(json("h/config.json").at("architectures").dump(), R"(["SwinBackbone"])");
  EXPECT_EQ(json("h/config.json").at("out_features").dump(), R"(["stage1","stage2","stage3","stage4"])");
  converted(place("t.pth"), "h2", {"--to", "hf"});  // timm's names have no norms of the first three stages
  EXPECT_EQ(json("h2/config.json").at("out_features").dump(), R"(["stage4"])");
}

// As others' programs hand it over: the folder gives features and starts a training.
TEST_F(Convert, AFolderOfPretrainedWeightsIsTakenAsItIs) {
  const fs::path folder = converted(run_folder(), "h", {"--to", "hf"});
  write_png(place("image.png"), Image{32, 32, std::vector<uint8_t>(32 * 32 * 3, 99)});
  const auto features = [&](const char* option, const fs::path& weights) {
    const fs::path out = place(weights.filename().string() + ".features.safetensors");
    const ProgramResult result = glid::run("glid_features", {option, weights.string(), "--strict", "--input",
                                                             place("image.png").string(), "--size", "32", "--out", out.string()});
    EXPECT_EQ(result.code, 0) << result.output;
    std::map<std::string, std::string> bytes;  // beside which the file says whose weights they are of
    const TensorFile file(out);
    for (const std::string& name : file.names())
      bytes[name].assign(reinterpret_cast<const char*>(file.find(name)->data), file.find(name)->bytes);
    return bytes;
  };
  const auto of_folder = features("--encoder", folder);
  EXPECT_TRUE(of_folder.size() == 4 && of_folder == features("--checkpoint", run_folder()));
  const auto train = [&](const fs::path& weights, const std::string& name) {
    return glid::run("glid_train", small_training(place(name), {"--set", "train.steps=1", "--set", "init.parts=[encoder]", "--set",
                                                                "init.strict=true", "--set", "init.from=" + weights.string()}));
  };
  EXPECT_EQ(train(folder, "run1").code, 0);
  const ProgramResult all = glid::run("glid_train", small_training(place("run3"), {"--set", "train.steps=1", "--set",
                                                                                   "init.from=" + folder.string()}));
  EXPECT_EQ(all.code, 0) << all.output;
  EXPECT_THAT(all.output, HasSubstr("initial values: bifpn (not in the file), decoder (not in the file), heads (not asked for)"));
  const TensorFile file(folder / "model.safetensors");
  SafetensorsWriter::Tensors tensors;
  for (const std::string& name : file.names()) tensors.emplace_back(name, *file.find(name));
  tensors.emplace_back("stray", *file.find("layernorm.bias"));
  write_safetensors(place("stray.safetensors"), tensors, {});
  expect_refused(train(place("stray.safetensors"), "run2"), 3, "has tensors that the model lacks (got stray)");
}

TEST_F(Convert, WhatIsLeftOutIsSaid) {
  const ProgramResult timm = convert(run_folder(), place("t.pth"), {"--to", "timm"});
  EXPECT_THAT(timm.output, HasSubstr("left out, as timm has no place for them: norm0.weight norm0.bias norm1.weight"));
  EXPECT_THAT(timm.output, HasSubstr("left out, as timm has an encoder only: bifpn, decoder, queries, heads"));
  const ProgramResult back = convert(place("t.pth"), place("b.pth"));
  EXPECT_THAT(back.output, HasSubstr("not in files of this kind, keeps its initial value: encoder.norm0.weight"));
  EXPECT_FALSE(TensorFile(place("b.pth")).find("encoder.norm0.weight"));  // and no value is invented
  converted(place("b.pth"), "h", {"--to", "hf"});
  EXPECT_EQ(json("h/config.json").at("out_features").dump(), R"(["stage4"])");
}

TEST_F(Convert, AJsonOfAnotherEncoderIsNotBelieved) {
  converted(run_folder(), "a.safetensors");
  std::string text = read_file(place("a.json"));
  const size_t place_of_channels = text.find("\"channels\": 32");
  ASSERT_NE(place_of_channels, std::string::npos);
  text.replace(place_of_channels, 14, "\"channels\": 64");
  write_file(place("a.json"), text);
  expect_refused(convert(place("a.safetensors"), place("b.safetensors")), 3,
                 "a.json: is of another encoder than the weights beside it (got channels 64)");
}

TEST_F(Convert, WeightsThatItDidNotWriteAreNotReplaced) {
  const fs::path downloaded = file_of({"patch_embed.proj.weight"});
  const std::string before = read_file(downloaded);
  expect_refused(convert(run_folder(), downloaded), 2, "is there already, and not by glid_convert");
  EXPECT_TRUE(read_file(downloaded) == before);
}

TEST_F(Convert, AJsonOfSomethingElseIsNotReplaced) {
  converted(run_folder(), "a.safetensors");
  EXPECT_EQ(convert(run_folder(), place("a.safetensors"), {"--to", "timm"}).code, 0);  // what it wrote itself
  write_file(place("a.json"), R"({"notes": [1, 2]})");
  fs::remove(place("a.safetensors"));
  expect_refused(convert(run_folder(), place("a.safetensors")), 2, "would replace a JSON that is there already");
  EXPECT_EQ(read_file(place("a.json")), R"({"notes": [1, 2]})");
}

TEST_F(Convert, WindowsAreResizedAsAModelsWouldBe) {
  const fs::path file = converted(run_folder(), "w.safetensors", {"--window", "4"});
  EXPECT_EQ(TensorFile(file).find("encoder.layers.1.blocks.0.attn.relative_position_bias_table")->shape[0], 49);
  EXPECT_EQ(json("w.json").at("encoder").at("windows").dump(), "[4,4,4,4]");
  EXPECT_GT(expect_same_bits(file, weights_of_run(), "decoder."), 50);
  const ProgramResult bare = convert(weights_of_run(), place("bare.pth"));
  EXPECT_THAT(bare.output, HasSubstr("says what it is: the new one has the encoder alone; give the run to have all"));
  EXPECT_EQ(json("bare.json").find("questions"), nullptr);
  // A file keeps what its JSON says of the rest.
  converted(file, "w2.pth", {"--window", "[6,6,6,3]"});
  EXPECT_EQ(json("w2.json").at("encoder").at("windows").dump(), "[6,6,6,3]");
  EXPECT_EQ(json("w2.json").at("questions").dump(), json("w.json").at("questions").dump());
  converted(converted(run_folder(), "folder"), "w3.pth");
  EXPECT_EQ(json("w3.json").dump(), json("folder/model.json").dump());
  for (const auto& [to, what] : {std::pair{"hf", "has one window for all stages, but the encoder has others"},
                                 std::pair{"timm", "makes windows smaller where maps are, but these at no size of image"}}) {
    const ProgramResult refused = convert(run_folder(), place("x.pth"), {"--to", to, "--window", "[6,4,6,3]"});
    expect_refused(refused, 2, std::string("--to ") + to + ": " + what);
    EXPECT_THAT(refused.output, HasSubstr("(got 6,4,6,3); --window 6 resizes the bias tables"));
    expect_nothing("x.pth");
  }
}

TEST_F(Convert, TypesAreWrittenAndKept) {
  for (const auto& [dtype, name] : {std::pair{"fp16", "F16"}, std::pair{"bf16", "BF16"}}) {
    const fs::path half = converted(run_folder(), std::string(dtype) + ".pth", {"--dtype", dtype});
    const TensorFile file(half);
    for (const std::string& tensor : file.names()) EXPECT_EQ(file.find(tensor)->dtype, name);
    const fs::path wide = converted(half, std::string(dtype) + "_wide.safetensors");
    const fs::path again = converted(wide, std::string(dtype) + "_again.safetensors", {"--dtype", dtype});
    expect_same_bits(again, half);
  }
}

TEST_F(Convert, MistakesAreRefusedBeforeTheWork) {
  const fs::path file = converted(run_folder(), "a.safetensors");
  fs::create_directories(place("full/of"));
  expect_refused(convert(file, place("x.onnx")), 2, "OUT: has an unknown extension");
  expect_refused(convert(file, place("full")), 2, "OUT: is there already");
  expect_refused(convert(file, file), 2, "OUT: would replace what is read");
  expect_refused(convert(run_folder(), weights_of_run()), 2, "OUT: would replace what is read");
  expect_refused(convert(file, place("x.pth"), {"--dtype", "fp8"}), 2, "--dtype: must be one of fp32|bf16|fp16");
  expect_refused(convert(file, place("x.pth"), {"--to", "torchvision"}), 2, "--to: must be one of glid|official|timm|hf");
  expect_refused(convert(file, place("x.pth"), {"--window", "99"}), 2, "window");
  expect_refused(convert(place("none.pth"), place("x.pth")), 3, "none.pth: does not exist");
  expect_refused(convert(file_of({"stray"}), place("x.pth")), 3, "holds no encoder");
  expect_refused(convert(file_of({"layers.0.blocks.0.attn.logit_scale"}), place("x.pth")), 2, "is a Swin v2");
  expect_refused(convert(file_of({"vit.embeddings.cls_token"}), place("x.pth")), 2, "is a ViT");
  write_file(place("text.pth"), "not weights");
  expect_refused(convert(place("text.pth"), place("x.pth")), 3, "text.pth: ");
  expect_refused(glid::run("glid_convert", {file.string()}), 2, "wants two names: IN and OUT");
  EXPECT_EQ(glid::run("glid_convert", {"--show", file.string(), "--to", "hf"}).code, 2);
  expect_nothing("x.pth");
}

TEST_F(Convert, ALackingTensorIsNamedAndAStrayOneIsStrict) {
  const fs::path whole = converted(run_folder(), "o.safetensors", {"--to", "timm"});
  const SafetensorsFile file(whole);
  SafetensorsWriter::Tensors lacking, more;
  for (const std::string& name : file.names()) {
    if (name != "layers.1.blocks.0.norm1.bias") lacking.emplace_back(name, *file.find(name));
    more.emplace_back(name, *file.find(name));
  }
  more.emplace_back("stray", more[0].second);
  write_safetensors(place("lacking.safetensors"), lacking, {});
  write_safetensors(place("more.safetensors"), more, {});
  expect_refused(convert(place("lacking.safetensors"), place("x.pth")), 3,
                 "lacks tensors of the part 'encoder' (got encoder.layers.1.blocks.0.norm1.bias)");
  expect_refused(convert(place("more.safetensors"), place("x.pth"), {"--strict"}), 3, "(got stray)");
  expect_nothing("x.pth");
  converted(place("more.safetensors"), "x.pth");
}

TEST_F(Convert, AJsonOfAnotherFileIsNotReplaced) {
  converted(run_folder(), "a.safetensors");
  const std::string before = read_file(place("a.json"));
  expect_refused(convert(place("a.safetensors"), place("a.pth"), {"--to", "hf"}), 2,
                 "OUT: would replace a JSON that is there already");
  EXPECT_TRUE(read_file(place("a.json")) == before);
  converted(place("a.safetensors"), "a.pth");  // the same JSON belongs to both
  converted(run_folder(), "a.safetensors", {"--window", "4"});
  EXPECT_FALSE(read_file(place("a.json")) == before);
}

TEST_F(Convert, WhatTheDiskRefusesIsALineAndLeavesNothing) {
  fs::create_symlink("/dev/full", place("x.pth"));
  const ProgramResult full = convert(run_folder(), place("x.pth"));
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.output, HasSubstr("glid_convert: " + place("x.pth").string() + ": can't be written (got No space left"));
  fs::remove(place("x.pth"));
  expect_nothing("x.pth");
  const ProgramResult below = convert(run_folder(), place("new/deep/x.pth"), {"--dtype", "half"});
  EXPECT_EQ(below.code, 2);
  EXPECT_FALSE(fs::exists(place("new")));
}

// A pipe in the place of the JSON that nobody reads: the program waits there with the weights written.
TEST_F(Convert, ASignalLeavesWhatWasThere) {
  for (const int signal : {SIGTERM, SIGINT}) {
    write_file(place("x.pth"), "before");
    fs::remove(place("x.json"));
    ASSERT_EQ(mkfifo(place("x.json").c_str(), 0600), 0);
    const Program program("glid_convert", {run_folder().string(), place("x.pth").string()});
    ASSERT_TRUE(Program::wait_for_temporary_of(place("x.pth"))) << program.output();
    program.send(signal);
    EXPECT_EQ(program.wait().code, 128 + signal);
    EXPECT_TRUE(temporaries_of(place("x.pth")).empty());
    EXPECT_EQ(read_file(place("x.pth")), "before");
  }
}

TEST_F(Convert, ShowSaysWhatIsInAFile) {
  const fs::path file = converted(run_folder(), "o.pth", {"--to", "official", "--dtype", "fp16"});
  const ProgramResult result = show(file);
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("form      PyTorch (zip)\n"));
  EXPECT_THAT(result.output, HasSubstr("sha256    " + sha256_of_file(file) + "\n"));
  EXPECT_THAT(result.output, HasSubstr("encoder   tiny, window 6, patch 1 px; official Swin's names, under 'model.'\n"));
  EXPECT_THAT(result.output, HasSubstr("total     127 tensors, 2284188 numbers, 4.6 MB, all F16\n"));
  EXPECT_THAT(result.output, ContainsRegex("\n +0\\.\\.1 +[0-9.]+ kB  each, 2 x\n"));
  EXPECT_THAT(result.output, ContainsRegex("\n +qkv\\.weight +96x32 +F16 +6\\.1 kB\n"));
  EXPECT_THAT(show(run_folder()).output, HasSubstr("step_00000002/model.safetensors\n"));
}

// Official blocks have masks where they shift.
TEST_F(Convert, ShowFoldsWhatIsAlike) {
  std::vector<std::string> names;
  for (const char* block : {"0", "1", "2", "3", "4", "5"})
    for (const char* rest : {".fc.weight", ".fc.bias", ".mask"})
      if (rest != std::string(".mask") || std::string("135").find(block) != std::string::npos)
        names.push_back(std::string("blocks.") + block + rest);
  for (const char* name : {"queue.0.a", "queue.1.a", "queue.2.a", "queue.4.a", "one.long.chain"}) names.push_back(name);
  EXPECT_THAT(show(file_of(names)).output, HasSubstr(R"(
blocks                                                                    240 B
  0, 2 .. 4                                                                32 B  each, 3 x
    fc.weight                                4                F32          16 B
    fc.bias                                  4                F32          16 B
  1, 3 .. 5                                                                48 B  each, 3 x
    fc.weight                                4                F32          16 B
    fc.bias                                  4                F32          16 B
    mask                                     4                F32          16 B
queue                                                                      64 B
  0, 1, 2, 4                                                               16 B  each, 4 x
    a                                        4                F32          16 B
one.long.chain                               4                F32          16 B
)"));
}

TEST_F(Convert, ShowWorksWithoutAnEncoder) {
  const ProgramResult none = show(file_of({"a\x1b[31m.b"}));
  ASSERT_EQ(none.code, 0) << none.output;
  EXPECT_THAT(none.output, HasSubstr("encoder   none of a name that is known"));
  EXPECT_THAT(none.output, Not(HasSubstr("\x1b")));
  const ProgramResult second = show(file_of({"layers.0.blocks.0.attn.logit_scale"}));
  ASSERT_EQ(second.code, 0);
  EXPECT_THAT(second.output, HasSubstr("is a Swin v2"));
  write_file(place("text.pth"), "not weights");
  EXPECT_EQ(show(place("text.pth")).code, 3);
}

}  // namespace
}  // namespace glid
