#include "glid/config/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "sample_config.h"
#include "support/temporary_folder.h"

namespace glid::config {
namespace {

using testing::ElementsAre;

std::string value_at(const Tree& tree, std::initializer_list<std::string_view> path) {
  const Node* node = &tree.root;
  for (const std::string_view name : path) {
    node = node->find(name);
    if (node == nullptr) return "(absent)";
  }
  return node->value_text();
}

template <class Action>
std::string usage_error(Action action) {
  try {
    action();
  } catch (const UsageError& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    return error.what();
  }
  return "(no error)";
}

std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return usage_error([&] { parse_tree(text, "c/a.yaml", overrides); });
}

TEST(Tree, KeepsValuesAndTheirLines) {
  const Tree tree = parse_tree("a: 1\nb:\n  c: [1, 2]\n  # comment\n  d: \"3\"\ne:\n", "c/a.yaml");
  EXPECT_EQ(value_at(tree, {"a"}), "1");
  EXPECT_EQ(value_at(tree, {"b", "c"}), "[1, 2]");
  EXPECT_EQ(value_at(tree, {"b", "d"}), "\"3\"");
  EXPECT_EQ(value_at(tree, {"e"}), "null");
  EXPECT_EQ(tree.origin("b"), "c/a.yaml:2");
  EXPECT_EQ(tree.origin("b.d"), "c/a.yaml:5");
  EXPECT_EQ(tree.origin("b.x"), "(default)");
}

TEST(Tree, AnEmptyFileIsAnEmptyBlock) {
  EXPECT_TRUE(parse_tree("# nothing\n", "a.yaml").root.children.empty());
  EXPECT_TRUE(parse_tree("", "a.yaml").root.is_block());
}

TEST(Tree, RepeatedKeysNameBothLines) {
  const Tree tree = parse_tree("a: 1\nb:\n  c: 1\n  d: 1\n  c: 2\na: 3\n", "a.yaml");
  EXPECT_THAT(tree.repeated, ElementsAre("a.yaml:5: b.c is written twice; first at a.yaml:3",
                                         "a.yaml:6: a is written twice; first at a.yaml:1"));
}

TEST(Tree, SameKeysInDifferentListElementsAreNotRepeated) {
  EXPECT_TRUE(parse_tree("a: [{b: 1}, {b: 2}]", "a.yaml").repeated.empty());
}

TEST(Tree, FilesThatAreNotABlockOfYaml) {
  EXPECT_EQ(error_of("- 1\n- 2\n"), "c/a.yaml:1: must be a block of keys (got [1, 2])");
  EXPECT_EQ(error_of("a: 1\n? [x]\n: 2\n"), "c/a.yaml:2: a key must be a name; is a bracket left open?");
  EXPECT_EQ(error_of("a: 1\n---\nb: 1\n"), "c/a.yaml:2: this does not belong to the YAML before it");
  EXPECT_THAT(error_of("a: 1\nb: [1, 2\n"), testing::StartsWith("c/a.yaml:3: is not valid YAML: "));
  EXPECT_EQ(error_of("a: &x 1\nb: *x\n"), "c/a.yaml:2: YAML aliases are not used here; write the value, or include a file");
  EXPECT_EQ(error_of("a: [1, 2] 3\n"), "c/a.yaml:1: is not valid YAML: end of map not found");
  EXPECT_EQ(error_of(", x"), "c/a.yaml:1: this does not belong to the YAML before it");
  EXPECT_EQ(error_of(std::string(2000, '[')), "c/a.yaml:1: a key must be a name; is a bracket left open?");
}

TEST(Tree, MissingFileAndFolder) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "no.yaml").string();
  EXPECT_EQ(usage_error([&] { load_tree(file); }), "the configuration file does not exist (got " + file + ")");
  EXPECT_THAT(usage_error([&] { load_tree(folder.path()); }), testing::StartsWith("the configuration file is a folder"));
  write_file(file, " \n");
  EXPECT_EQ(usage_error([&] { load_tree(file); }), file + ": the configuration file is empty");
}

TEST(Tree, IsReadFromAPipe) {
  const TemporaryFolder folder;
  const std::string pipe = (folder.path() / "pipe").string(), text = "a: " + std::string(100'000, 'x') + "\nb: 2\n";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::jthread writer([&] { std::ofstream(pipe) << text; });
  const Tree tree = load_tree(pipe);
  EXPECT_EQ(value_at(tree, {"a"}).size(), 100'000u);
  EXPECT_EQ(value_at(tree, {"b"}), "2");
}

TEST(Override, ReplacesAndCreates) {
  const Tree tree =
      parse_tree("optim: {lr: 1, betas: [0, 0]}\n", "a.yaml",
                 {"optim.betas=[0.9, 0.95]", "model.encoder.window=[6,6,6,6]", "optim.lr=2", "optim.lr=3", "out="});
  EXPECT_EQ(value_at(tree, {"optim", "lr"}), "3");
  EXPECT_EQ(value_at(tree, {"optim", "betas"}), "[0.9, 0.95]");
  EXPECT_EQ(value_at(tree, {"model", "encoder", "window"}), "[6, 6, 6, 6]");
  EXPECT_EQ(value_at(tree, {"out"}), "null");
  EXPECT_EQ(tree.origin("optim.lr"), "--set optim.lr=3");
  EXPECT_EQ(tree.origin("model"), "--set model.encoder.window=[6,6,6,6]");
}

// What isn't a list, a block or quoted is no YAML: a comment would cut it off, a colon make a block of it.
TEST(Override, TextIsTakenAsTyped) {
  const Tree tree = parse_tree("", "a.yaml", {"a=run #3", "b=x: y", "c= [1, 2] ", "d=~", "e='run #4'", "f=%a @b", "g=a=b"});
  EXPECT_EQ(value_at(tree, {"a"}), "run #3");
  EXPECT_EQ(value_at(tree, {"b"}), "x: y");
  EXPECT_EQ(value_at(tree, {"c"}), "[1, 2]");
  EXPECT_EQ(value_at(tree, {"d"}), "null");
  EXPECT_EQ(value_at(tree, {"e"}), "\"run #4\"");
  EXPECT_EQ(value_at(tree, {"f"}), "%a @b");
  EXPECT_EQ(value_at(tree, {"g"}), "a=b");
}

TEST(Override, ABlockChangesTheKeysThatItNames) {
  const Tree tree = parse_tree("optim:\n  lr: 1\n  decay: {bias: 0, weight: 2}\n", "a.yaml",
                               {"optim={lr: 3, decay: {bias: 4}, clip: 5}", "model={width: 6}"});
  EXPECT_EQ(value_at(tree, {"optim"}), "{lr: 3, decay: {bias: 4, weight: 2}, clip: 5}");
  EXPECT_EQ(value_at(tree, {"model"}), "{width: 6}");
  EXPECT_EQ(tree.origin("optim.decay.weight"), "a.yaml:3");
  EXPECT_EQ(tree.origin("optim.lr"), "--set optim={lr: 3, decay: {bias: 4}, clip: 5}");
}

TEST(Override, Malformed) {
  const std::string hint = "must be KEY=VALUE; e.g. --set optim.lr=1e-3";
  EXPECT_EQ(error_of("", {"optim.lr"}), "--set optim.lr: " + hint);
  EXPECT_EQ(error_of("", {"=3"}), "--set =3: " + hint);
  EXPECT_EQ(error_of("", {"a..b=3"}), "--set a..b=3: " + hint);
  EXPECT_EQ(error_of("", {"a.=3"}), "--set a.=3: " + hint);
  EXPECT_EQ(error_of("", {"a=[1"}), "--set a=[1: a key must be a name; is a bracket left open?");
  EXPECT_THAT(error_of("", {"a=\"1"}), testing::StartsWith("--set a=\"1: is not valid YAML: "));
}

class Include : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_.path() / "models");
    write("models/b.yaml", "layers: 6\nencoder:\n  name: swinb\n  window: [7, 7, 7, 7]\n");
  }
  void write(const std::string& name, const std::string& text) { write_file(folder_.path() / name, text); }
  std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  Tree load(const std::string& text, const std::vector<std::string>& overrides = {}) {
    write("a.yaml", text);
    return load_tree(at("a.yaml"), overrides);
  }
  std::string error(const std::string& text) {
    return usage_error([&] { load(text); });
  }

  TemporaryFolder folder_;
};

TEST_F(Include, PastesTheFileAndKeysBesideItWin) {
  const Tree tree = load("model:\n  encoder: {name: swint}\n  include: models/b.yaml\n  width: 256\n");
  EXPECT_EQ(value_at(tree, {"model", "layers"}), "6");
  EXPECT_EQ(value_at(tree, {"model", "encoder", "name"}), "swint");
  EXPECT_EQ(value_at(tree, {"model", "encoder", "window"}), "[7, 7, 7, 7]");
  EXPECT_EQ(value_at(tree, {"model", "width"}), "256");
  EXPECT_EQ(value_at(tree, {"model", "include"}), "(absent)");
  EXPECT_EQ(tree.origin("model"), at("a.yaml") + ":1");
  EXPECT_EQ(tree.origin("model.layers"), at("models/b.yaml") + ":1");
  EXPECT_EQ(tree.origin("model.encoder.name"), at("a.yaml") + ":2");
  EXPECT_EQ(tree.origin("model.encoder.window"), at("models/b.yaml") + ":4");
}

TEST_F(Include, OverridesWinOverItAndMayReplaceIt) {
  write("models/t.yaml", "layers: 3\n");
  const std::string text = "model: {include: models/b.yaml}\n";
  EXPECT_EQ(value_at(load(text, {"model.encoder.window=12"}), {"model", "encoder", "window"}), "12");
  EXPECT_EQ(value_at(load(text, {"model.include=models/t.yaml"}), {"model"}), "{layers: 3}");
}

TEST_F(Include, RepeatedKeysOfTheIncludedFile) {
  write("models/twice.yaml", "layers: 3\nlayers: 6\n");
  const std::string file = at("models/twice.yaml");
  EXPECT_THAT(load("model: {include: models/twice.yaml}").repeated,
              ElementsAre(file + ":2: model.layers is written twice; first at " + file + ":1"));
}

TEST_F(Include, Refused) {
  write("models/chain.yaml", "encoder: {include: b.yaml}\n");
  EXPECT_EQ(error("model:\n  include: models/chain.yaml\n"),
            at("models/chain.yaml") + ":1: an included file can't include another (got b.yaml)");
  EXPECT_EQ(error("include: models/b.yaml\n"), at("a.yaml") +
                                                   ":1: include belongs inside a block (got models/b.yaml); "
                                                   "a configuration is one file: model: {include: FILE} pastes one block");
  EXPECT_EQ(error("model:\n  include: models/no.yaml\n"), at("a.yaml") + ":2: the configuration file does not exist (got " +
                                                              at("models/no.yaml") + ")" +
                                                              "; an included file is looked for beside the file that "
                                                              "includes it, and in the configs that come with the programs");
  EXPECT_EQ(error("model: {include: [x]}\n"), at("a.yaml") + ":1: model.include must be a file (got [x])");
}

TEST(Tree, ATextOfAnOptionTakesThePlaceOfAnyValue) {
  Tree tree = parse_tree("data: {root: here, size: 3}", "a.yaml");
  set_text(tree, "data.root", "a: [b", "--root");
  set_text(tree, "out.folder", "true", "--out");
  EXPECT_EQ(value_at(tree, {"data", "root"}), "\"a: [b\"");
  EXPECT_EQ(tree.origin("data.root"), "--root");
  EXPECT_EQ(value_at(tree, {"data", "size"}), "3");
  EXPECT_EQ(value_at(tree, {"out", "folder"}), "\"true\"");
}

TEST(ParseName, FindsTheValueOrSaysWhatThereIs) {
  EXPECT_EQ(parse_name<PrecisionSample>("--precision", "bf16"), PrecisionSample::kBf16);
  EXPECT_EQ(usage_error([] { parse_name<PrecisionSample>("--precision", "bf61"); }),
            "--precision: must be one of fp32|bf16|fp16 (got bf61); did you mean bf16?");
}

}  // namespace
}  // namespace glid::config
