#include "glid/config/write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "glid/config/read.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "sample_config.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

RunSample read_text(const std::string& text) {
  RunSample run;
  config::read(config::parse_tree(text, "a.yaml"), run);
  return run;
}

TEST(Write, ResolvedYaml) {
  RunSample run;
  run.root = "/data/images";
  EXPECT_EQ(config::write(run),
            "seed: 0\n"
            "root: /data/images\n"
            "flip: true\n"
            "precision: bf16\n"
            "parts: [encoder]\n"
            "model:\n"
            "  encoder:\n"
            "    name: swinb\n"
            "    window: 7\n"
            "    patch: null\n"
            "  layers: 6\n"
            "task:\n"
            "  name: masked_image\n"
            "  mask_ratio: 0.75\n"
            "optim:\n"
            "  lr: 0.0012\n"
            "  betas: [0.9, 0.999]\n"
            "  clip: 3.0\n");
}

TEST(Write, ComesBackTheSame) {
  RunSample run;
  run.seed = std::numeric_limits<uint64_t>::max();
  run.root = "x";
  run.parts = {};
  run.model.encoder.window = std::array<int64_t, 4>{1, 2, 3, 4};
  run.model.encoder.patch = 4;
  run.task = DetectionSample{.queries = 12, .mask_ratio_of_boxes = 1.0 / 3};
  run.optim = {.lr = std::numbers::pi * 1e-9, .betas = {0, std::nextafter(1.0, 0.0)}, .clip = std::nullopt};
  const RunSample again = read_text(config::write(run));
  EXPECT_EQ(config::flatten(again), config::flatten(run));
  EXPECT_EQ(again.optim.lr, run.optim.lr);
  EXPECT_EQ(again.optim.betas, run.optim.betas);
  EXPECT_EQ(again.optim.clip, std::nullopt);
  EXPECT_EQ(std::get<DetectionSample>(again.task).mask_ratio_of_boxes, 1.0 / 3);
}

TEST(Write, DoublesLookLikeNumbersToEveryYamlReader) {
  const auto text = [](double value) { return config::Value<double>::write(value); };
  EXPECT_EQ(text(1), "1.0");
  EXPECT_EQ(text(-2), "-2.0");
  EXPECT_EQ(text(1e-8), "1.0e-08");
  EXPECT_EQ(text(1e22), "1.0e+22");
  EXPECT_EQ(text(1.5e-8), "1.5e-08");
  EXPECT_EQ(text(0.05), "0.05");
  EXPECT_THROW(text(std::numeric_limits<double>::infinity()), std::logic_error);
}

class AnyText : public testing::TestWithParam<std::string> {};

TEST_P(AnyText, ComesBackTheSame) {
  RunSample run;
  run.root = GetParam();
  EXPECT_EQ(read_text(config::write(run)).root, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Values, AnyText,
                         testing::Values("", "null", "~", "true", "No", "1", "1e-3", ".5", "-", "- a", "a: b", "a #b", "[x]",
                                         "{x}", "*x", "&x", "!x", "%x", "@x", "it's", "say \"hi\"", "back\\slash",
                                         "two\nlines", "tab\there", " blanks ", "\x01", "\r", "Größe/木.jpg", "../up",
                                         "/a-b_c.d"));

TEST(Write, WithOrigins) {
  const config::Tree tree = config::parse_tree("root: x\noptim:\n  lr: 1e-4\n", "a.yaml", {"flip=false"});
  RunSample run;
  config::read(tree, run);
  const std::string text = config::write_with_origins(run, tree);
  EXPECT_THAT(text, HasSubstr("seed: 0                # default\n"
                              "root: x                # a.yaml:1\n"
                              "flip: false            # --set flip=false\n"));
  EXPECT_THAT(text, HasSubstr("\noptim:\n"
                              "  lr: 1.0e-04          # a.yaml:3\n"));
  EXPECT_EQ(config::flatten(read_text(text)), config::flatten(run));
}

TEST(Help, ListsEveryKeyOfEveryAlternative) {
  RunSample run;
  run.task = DetectionSample{.queries = 100};
  const std::vector<std::vector<std::string>> rows{
      {"seed", "int >= 0", "0", "of every random number"},
      {"root", "text", "(required)", "folder of images"},
      {"flip", "true|false", "true", "flip half of the images"},
      {"precision", "fp32|bf16|fp16", "bf16", "of matrix products"},
      {"parts", "list of encoder|bifpn|decoder", "[encoder]", "what is loaded"},
      {"model", "block", "", "the network"},
      {"model.encoder", "block", "", "the backbone"},
      {"model.encoder.name", "tiny|swint|swinb", "swinb", "preset"},
      {"model.encoder.window", "int or list of 4, each > 0", "7", "side of a window, tokens"},
      {"model.encoder.patch", "2|4 or null", "null", "side of a patch; null: the preset's"},
      {"model.layers", "int in [1, 12]", "6", "decoder layers"},
      {"task.name", "masked_image|detection", "detection", "what is learnt"},
      {"task.queries", "int > 0", "100", "boxes an image (task.name: detection)"},
      {"task.mask_ratio_of_boxes", "number", "0.0", "share of boxes that are hidden (task.name: detection)"},
      {"task.mask_ratio", "number in (0, 1)", "0.75", "share that is hidden (task.name: masked_image)"},
      {"optim", "block", "", "weight updates"},
      {"optim.lr", "number > 0", "0.0012", "peak learning rate"},
      {"optim.betas", "list of 2 numbers, each in [0, 1)", "[0.9, 0.999]", "of AdamW"},
      {"optim.clip", "number > 0 or null", "3.0", "largest gradient norm; null: not clipped"}};
  std::string expected;
  for (const auto& row : rows) expected += format("{:<24}  {:<33}  {:<12}  {}\n", row[0], row[1], row[2], row[3]);
  EXPECT_EQ(config::help(run), expected);
}

struct Files {
  static constexpr std::string_view kName = "files";
  std::string root = "x";

  template <class V>
  void fields(V& v) {
    v("root", root, "folder");
  }
};
struct Videos : Files {
  static constexpr std::string_view kName = "videos";
};
struct Generated {
  static constexpr std::string_view kName = "generated";
  int64_t count = 5;

  template <class V>
  void fields(V& v) {
    v("count", count, "how many");
  }
};
struct SharedKeys {
  std::variant<Files, Generated, Videos> data;

  template <class V>
  void fields(V& v) {
    v.variant("name", data, "what to read");
  }
};

TEST(Help, AKeyOfSeveralAlternativesHasOneRow) {
  EXPECT_EQ(config::help(SharedKeys{}),
            "name   files|generated|videos  files  what to read\n"
            "root   text                    x      folder (name: files, videos)\n"
            "count  int                     5      how many (name: generated)\n");
}

TEST(Help, IsOfTheKeysThatAreWanted) {
  EXPECT_EQ(config::help(SharedKeys{}, {.prefix = "root"}), "root  text  x  folder (name: files, videos)\n");
  EXPECT_EQ(config::help(SharedKeys{Generated{7}}, {.only_chosen = true}),
            "name   files|generated|videos  generated  what to read\n"
            "count  int                     7          how many\n");
  EXPECT_THAT(
      [] { config::help(SharedKeys{}, {.prefix = "rot"}); },
      testing::ThrowsMessage<UsageError>("--help-config: is no key and no block of keys (got rot); did you mean root?"));
  EXPECT_THROW(config::help(SharedKeys{}, {.prefix = "ro"}), UsageError);  // whole names
}

TEST(Help, FitsIntoLinesOfATerminal) {
  EXPECT_EQ(config::help(SharedKeys{}, {.prefix = "root", .wrap = 20}),
            "root: text = x\n"
            "    folder (name:\n"
            "    files, videos)\n");
}

TEST(Read, AKeyOfOtherAlternativesNamesThemAll) {
  SharedKeys shared;
  const auto read = [&](const char* yaml) { config::read(config::parse_tree(yaml, "a.yaml"), shared); };
  try {
    read("{name: generated, root: y}");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::EndsWith("it belongs to name: files, videos"));
  }
  read("{name: videos, root: y}");
  EXPECT_EQ(config::name_of(shared.data), "videos");
}

TEST(Flatten, OrderedLeaves) {
  EXPECT_THAT(config::flatten(OptimSample{}),
              ElementsAre(std::pair("lr", "0.0012"), std::pair("betas", "[0.9, 0.999]"), std::pair("clip", "3.0")));
}

TEST(Difference, NamesPathOldAndNew) {
  RunSample before;
  RunSample after;
  before.root = after.root = "x";
  EXPECT_TRUE(config::difference(config::flatten(before), config::flatten(after)).empty());
  after.optim.lr = 1e-3;
  after.optim.clip.reset();
  after.task = DetectionSample{};
  std::vector<std::string> lines;
  const auto differences = config::difference(config::flatten(before), config::flatten(after));
  for (const auto& [path, old_value, new_value] : differences) {
    lines.push_back(path + ": " + old_value + " -> " + new_value);
  }
  EXPECT_THAT(lines, ElementsAre("task.name: masked_image -> detection", "task.mask_ratio: 0.75 -> (absent)",
                                 "optim.lr: 0.0012 -> 0.001", "optim.clip: 3.0 -> null", "task.queries: (absent) -> 300",
                                 "task.mask_ratio_of_boxes: (absent) -> 0.0"));
}

TEST(Difference, AWindowForAllEqualsTheSameWindowFourTimes) {
  const auto leaves = [](const std::string& window) {
    return config::flatten(read_text("root: x\nmodel: {encoder: {window: " + window + "}}"));
  };
  EXPECT_EQ(leaves("6"), leaves("[6, 6, 6, 6]"));
  EXPECT_NE(leaves("6"), leaves("[6, 6, 6, 7]"));
}

TEST(Help, ListsOfListsAreSpelledOut) {
  EXPECT_EQ((config::Value<std::vector<std::array<double, 2>>>::type(config::positive()).text()),
            "list of lists of 2 numbers, each > 0");
}

}  // namespace
}  // namespace glid
