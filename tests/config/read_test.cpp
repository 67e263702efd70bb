#include "glid/config/read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "sample_config.h"

namespace glid {
namespace {

RunSample read_text(const std::string& text, const std::vector<std::string>& overrides = {}) {
  RunSample run;
  config::read(config::parse_tree("root: images\n" + text, "a.yaml", overrides), run);
  return run;
}

// The text begins at line 2.
std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    read_text(text, overrides);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "(no error)";
}

TEST(Read, DefaultsStay) {
  const RunSample run = read_text("");
  EXPECT_EQ(run.root, "images");
  EXPECT_EQ(run.optim.lr, 1.2e-3);
  EXPECT_EQ(run.optim.clip, 3.0);
  EXPECT_EQ(run.precision, PrecisionSample::kBf16);
  EXPECT_EQ(run.model.encoder.patch, std::nullopt);
}

TEST(Read, EveryType) {
  const RunSample run = read_text(
      "seed: 18446744073709551615\nflip: false\nprecision: fp16\nparts: [bifpn, decoder]\n"
      "model: {encoder: {window: [8, 4, 2, 1], patch: 2}, layers: 3}\noptim: {lr: 5e-2, betas: [0, 0.95], clip: null}\n");
  EXPECT_EQ(run.seed, 18446744073709551615u);
  EXPECT_FALSE(run.flip);
  EXPECT_EQ(run.precision, PrecisionSample::kFp16);
  EXPECT_THAT(run.parts, testing::ElementsAre("bifpn", "decoder"));
  EXPECT_THAT(run.model.encoder.window.values, testing::ElementsAre(8, 4, 2, 1));
  EXPECT_EQ(run.model.encoder.patch, 2);
  EXPECT_EQ(run.model.layers, 3);
  EXPECT_EQ(run.optim.lr, 0.05);
  EXPECT_THAT(run.optim.betas, testing::ElementsAre(0, 0.95));
  EXPECT_EQ(run.optim.clip, std::nullopt);
}

TEST(Read, OneValueStandsForAll) {
  EXPECT_THAT(read_text("model: {encoder: {window: 12}}").model.encoder.window.values, testing::Each(12));
}

TEST(Read, EmptyBlocksAndListsAreAllowed) {
  EXPECT_EQ(read_text("optim:\nmodel: {}\n").optim.lr, 1.2e-3);
  EXPECT_TRUE(read_text("parts: []").parts.empty());
}

TEST(Read, TextMayLookLikeAnything) {
  EXPECT_EQ(read_text("", {"root=2024"}).root, "2024");
  EXPECT_EQ(read_text("", {"root=\"null\""}).root, "null");
}

TEST(Read, VariantKeepsTheStructsAlternativeUnlessAnotherIsNamed) {
  EXPECT_EQ(std::get<MaskedImageSample>(read_text("task: {mask_ratio: 0.5}").task).mask_ratio, 0.5);
  EXPECT_EQ(std::get<DetectionSample>(read_text("task: {queries: 100, name: detection}").task).queries, 100);
  RunSample run;
  run.task = DetectionSample{.queries = 7};
  config::read(config::parse_tree("root: x\ntask: {name: detection}", "a.yaml"), run);
  EXPECT_EQ(std::get<DetectionSample>(run.task).queries, 7);
}

TEST(Read, AnotherAlternativeLeavesTheFilesKeysBehind) {
  const RunSample run = read_text("task: {name: masked_image, mask_ratio: 0.5}", {"task={name: detection}"});
  EXPECT_TRUE(std::holds_alternative<DetectionSample>(run.task));
  EXPECT_THAT(error_of("task: {name: detection, mask_ratio: 0.5}"),
              testing::HasSubstr("it belongs to task.name: masked_image"));
  EXPECT_THAT(error_of("task: {name: masked_image}", {"task={name: detection, mask_ratio: 0.5}"}),
              testing::HasSubstr("it belongs to task.name: masked_image"));
  EXPECT_THAT(error_of("task: {name: masked_image, queris: 5}", {"task.name=detection"}),
              testing::HasSubstr("did you mean"));
}

struct Wrong {
  const char* text;
  const char* error;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.text; }

class OneLine : public testing::TestWithParam<Wrong> {};

TEST_P(OneLine, IsReported) { EXPECT_EQ(error_of(GetParam().text), GetParam().error); }

INSTANTIATE_TEST_SUITE_P(
    Integers, OneLine,
    testing::Values(Wrong{"seed: -1", "a.yaml:2: seed must be an int >= 0 (got -1)"},
                    Wrong{"seed: 18446744073709551616", "a.yaml:2: seed must be an int >= 0 (got 18446744073709551616)"},
                    Wrong{"model: {layers: 1e1}", "a.yaml:2: model.layers must be an int in [1, 12] (got 1e1)"},
                    Wrong{"model: {layers: 6.0}", "a.yaml:2: model.layers must be an int in [1, 12] (got 6.0)"},
                    Wrong{"model: {layers: 13}", "a.yaml:2: model.layers must be an int in [1, 12] (got 13)"},
                    Wrong{"model: {layers: 0}", "a.yaml:2: model.layers must be an int in [1, 12] (got 0)"},
                    Wrong{"model: {layers: \"6\"}", "a.yaml:2: model.layers must be an int in [1, 12] (got \"6\")"},
                    Wrong{"model: {layers: six}", "a.yaml:2: model.layers must be an int in [1, 12] (got six)"},
                    Wrong{"model: {layers: null}", "a.yaml:2: model.layers must be an int in [1, 12] (got null)"},
                    Wrong{"model: {encoder: {patch: 3}}", "a.yaml:2: model.encoder.patch must be 2|4 or null (got 3)"}));

INSTANTIATE_TEST_SUITE_P(
    Numbers, OneLine,
    testing::Values(Wrong{"optim: {lr: 0}", "a.yaml:2: optim.lr must be a number > 0 (got 0)"},
                    Wrong{"optim: {lr: 1e-3x}", "a.yaml:2: optim.lr must be a number > 0 (got 1e-3x)"},
                    Wrong{"optim: {lr: .inf}", "a.yaml:2: optim.lr must be a number > 0 (got .inf)"},
                    Wrong{"optim: {lr: inf}", "a.yaml:2: optim.lr must be a number > 0 (got inf)"},
                    Wrong{"optim: {lr: nan}", "a.yaml:2: optim.lr must be a number > 0 (got nan)"},
                    Wrong{"optim: {lr: 1e999}", "a.yaml:2: optim.lr must be a number > 0 (got 1e999)"},
                    Wrong{"optim:\n  clip: -2", "a.yaml:3: optim.clip must be a number > 0 or null (got -2)"},
                    Wrong{"task: {mask_ratio: 1.0}", "a.yaml:2: task.mask_ratio must be a number in (0, 1) (got 1.0)"}));

INSTANTIATE_TEST_SUITE_P(
    Lists, OneLine,
    testing::Values(
        Wrong{"optim: {betas: [0.9]}", "a.yaml:2: optim.betas must be a list of 2 numbers, each in [0, 1) (got [0.9])"},
        Wrong{"optim: {betas: [0.9, 1]}",
              "a.yaml:2: optim.betas must be a list of 2 numbers, each in [0, 1) (got [0.9, 1])"},
        Wrong{"optim: {betas: 0.9}", "a.yaml:2: optim.betas must be a list of 2 numbers, each in [0, 1) (got 0.9)"},
        Wrong{"model: {encoder: {window: [7, 7, 7]}}",
              "a.yaml:2: model.encoder.window must be an int or list of 4, each > 0 (got [7, 7, 7])"},
        Wrong{"model: {encoder: {window: 0}}",
              "a.yaml:2: model.encoder.window must be an int or list of 4, each > 0 (got 0)"},
        Wrong{"parts: encoder", "a.yaml:2: parts must be a list of encoder|bifpn|decoder (got encoder)"},
        Wrong{"parts: [encoder, head]", "a.yaml:2: parts must be a list of encoder|bifpn|decoder (got [encoder, head])"}));

INSTANTIATE_TEST_SUITE_P(
    Names, OneLine,
    testing::Values(Wrong{"precision: bf61",
                          "a.yaml:2: precision must be one of fp32|bf16|fp16 (got bf61); did you mean bf16?"},
                    Wrong{"precision: double", "a.yaml:2: precision must be one of fp32|bf16|fp16 (got double)"},
                    Wrong{"flip: yes", "a.yaml:2: flip must be true|false (got yes)"},
                    Wrong{"flip: ture", "a.yaml:2: flip must be true|false (got ture); did you mean true?"},
                    Wrong{"model: {encoder: {name: swnib}}",
                          "a.yaml:2: model.encoder.name must be one of tiny|swint|swinb (got swnib); did you mean swinb?"},
                    Wrong{"task: {name: detecton, queries: 3}",
                          "a.yaml:2: task.name must be masked_image|detection (got detecton); did you mean detection?"},
                    Wrong{"model: {encoder: {name: {a: 1}}}",
                          "a.yaml:2: model.encoder.name must be one of tiny|swint|swinb (got {a: 1})"}));

INSTANTIATE_TEST_SUITE_P(
    Keys, OneLine,
    testing::Values(
        Wrong{"optim:\n  lrr: 1", "a.yaml:3: optim.lrr is not a known key (got 1); did you mean optim.lr?"},
        Wrong{"optim:\n  lr: 1\n  lr: 2", "a.yaml:4: optim.lr is written twice; first at a.yaml:3"},
        Wrong{"modle: {layers: 3}", "a.yaml:2: modle is not a known key; did you mean model?"},
        Wrong{"betas: [0, 0]", "a.yaml:2: betas is not a known key (got [0, 0]); did you mean optim.betas?"},
        Wrong{"optim: {momentum: 1}", "a.yaml:2: optim.momentum is not a known key (got 1); known here: lr, betas, clip"},
        Wrong{"task: {queries: 1}", "a.yaml:2: task.queries is not a known key (got 1); it belongs to task.name: detection"},
        Wrong{"task:\n  name: detection\n  mask_ratio: 0.75",
              "a.yaml:4: task.mask_ratio is not a known key (got 0.75); it belongs to task.name: masked_image"},
        Wrong{"optim: fast",
              "a.yaml:2: optim must be a block of keys (got fast); such as optim={key: value}, or optim.key=value"},
        Wrong{"optim: [1]",
              "a.yaml:2: optim must be a block of keys (got [1]); such as optim={key: value}, or optim.key=value"}));

INSTANTIATE_TEST_SUITE_P(
    Checks, OneLine,
    testing::Values(
        Wrong{"task: {mask_ratio: 0.6}", "a.yaml:2: task.mask_ratio must be 0.5 or 0.75 (got 0.60); see the paper, table 7"},
        Wrong{"model:\n  encoder: {name: tiny}\n  layers: 4",
              "a.yaml:4: model.layers must be at most 3 for the tiny encoder (got 4)"},
        Wrong{"model: {encoder: {name: tiny}}", "(default): model.layers must be at most 3 for the tiny encoder"}));

TEST(Read, MissingKeyNamesTheBlockThatLacksIt) {
  RunSample run;
  try {
    config::read(config::parse_tree("seed: 1\n", "a.yaml"), run);
    FAIL() << "no error";
  } catch (const UsageError& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    EXPECT_STREQ(error.what(), "a.yaml: root is missing; it takes text: folder of images");
  }
}

TEST(Read, OverridesAreNamedAsTyped) {
  EXPECT_EQ(error_of("optim: {lr: 1}", {"optim.lr=-1"}), "--set optim.lr=-1: optim.lr must be a number > 0 (got -1)");
  EXPECT_EQ(error_of("", {"optm.lr=1"}), "--set optm.lr=1: optm is not a known key; did you mean optim?");
  EXPECT_EQ(error_of("", {"task.mask_ratio=0.6"}),
            "--set task.mask_ratio=0.6: task.mask_ratio must be 0.5 or 0.75 (got 0.60); see the paper, table 7");
}

TEST(Read, EverythingIsReportedAtOnce) {
  EXPECT_EQ(error_of("sede: 1\nflip: 2\noptim: {lr: 0, lr: 0}\nmodel: {layers: x, encoder: {widow: 7}}\n"
                     "task: {mask_ratio: .6}\n",
                     {"precision=fp8"}),
            "a.yaml: 8 problems\n"
            "  a.yaml:4: optim.lr is written twice; first at a.yaml:4\n"
            "  a.yaml:3: flip must be true|false (got 2)\n"
            "  --set precision=fp8: precision must be one of fp32|bf16|fp16 (got fp8)\n"
            "  a.yaml:5: model.encoder.widow is not a known key (got 7); did you mean model.encoder.window?\n"
            "  a.yaml:5: model.layers must be an int in [1, 12] (got x)\n"
            "  a.yaml:6: task.mask_ratio must be 0.5 or 0.75 (got 0.60); see the paper, table 7\n"
            "  a.yaml:4: optim.lr must be a number > 0 (got 0)\n"
            "  a.yaml:2: sede is not a known key (got 1); did you mean seed?");
}

TEST(Read, ACheckDoesNotSeeHalfReadKeys) {
  EXPECT_EQ(error_of("model: {encoder: {name: tiny}, layer: 3}"),
            "a.yaml:2: model.layer is not a known key (got 3); did you mean model.layers?");
}

struct RequiredBlock {
  struct Inner {
    int64_t size = 0;
    template <class V>
    void fields(V& v) {
      v.required("size", size, "of it", config::at_least(2));
    }
  } inner;
  template <class V>
  void fields(V& v) {
    v("inner", inner, "a block");
  }
};

TEST(Read, MissingKeyOfABlock) {
  const auto error = [](const std::string& text) -> std::string {
    RequiredBlock block;
    try {
      config::read(config::parse_tree(text, "a.yaml"), block);
    } catch (const UsageError& usage) {
      return usage.what();
    }
    return "(no error)";
  };
  EXPECT_EQ(error("# nothing"), "a.yaml: inner.size is missing; it takes an int >= 2: of it");
  EXPECT_EQ(error("\n\ninner: {}"), "a.yaml:3: inner.size is missing; it takes an int >= 2: of it");
  EXPECT_EQ(error("inner: {size: 2}"), "(no error)");
}

struct InlineVariant {
  std::variant<MaskedImageSample, DetectionSample> task;
  int64_t epochs = 1;
  template <class V>
  void fields(V& v) {
    v.variant("kind", task, "what is learnt");
    v("epochs", epochs, "how long");
  }
};

TEST(Read, InlineVariantSharesTheLevel) {
  InlineVariant run;
  config::read(config::parse_tree("epochs: 2\nkind: detection\nqueries: 5\n", "a.yaml"), run);
  EXPECT_EQ(std::get<DetectionSample>(run.task).queries, 5);
  EXPECT_EQ(run.epochs, 2);
}

}  // namespace
}  // namespace glid
