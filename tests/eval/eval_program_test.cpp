#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "glid/core/files.h"
#include "glid/core/json.h"
#include "support/program.h"

namespace glid {
namespace {

using testing::HasSubstr;

class EvalProgram : public testing::Test {
 protected:
  EvalProgram() {
    write_file(truth, R"({"images": [{"id": 1, "height": 9, "width": 9}], "categories": [{"id": 1, "name": "cat"}],
      "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 4], "area": 16, "iscrowd": 0}]})");
    write_file(result, R"([{"image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 4], "score": 0.5}])");
  }

  ProgramResult evaluate(std::vector<std::string> options) const {
    options.insert(options.begin(), {"--task", "box", "--results", result.string(), "--annotations", truth.string()});
    return run("glid_eval", options);
  }

  TemporaryFolder folder_;
  const std::filesystem::path truth = folder_.path() / "truth.json", result = folder_.path() / "result.json";
};

TEST_F(EvalProgram, PrintsAndWrites) {
  const auto json = folder_.path() / "out.json", csv = folder_.path() / "out.csv";
  const ProgramResult ran = evaluate({"--json", json.string(), "--csv", csv.string(), "--set", "eval.max_dets=[1,2,3]"});
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("protocol coco"));
  const Json report = Json::parse(read_file(json), "out.json");
  EXPECT_NEAR(report.at("metrics").at("AP").as_double(), 1, 1e-12);
  EXPECT_TRUE(report.at("metrics").at("APl").is_null());
  EXPECT_THAT(read_file(csv), HasSubstr("\n1,cat,"));
}

TEST_F(EvalProgram, ListsClassesInTheOrderAskedFor) {
  EXPECT_THAT(evaluate({}).output, testing::Not(HasSubstr("\n  cat ")));
  const std::string line = "\n  cat    1.0000  1.0000  1.0000  1.0000       1           1\n";
  EXPECT_THAT(evaluate({"--per-class"}).output, HasSubstr(line));
  EXPECT_THAT(evaluate({"--per-class", "value"}).output, HasSubstr(line));
  EXPECT_THAT(evaluate({"--per-class"}).output, HasSubstr("numbers: fractions from 0 to 1 (percent: times 100)\n"));
}

TEST_F(EvalProgram, EveryFileIsNamed) {
  const std::filesystem::path plots = folder_.path() / "plots", csv = folder_.path() / "out.csv";
  const ProgramResult ran = evaluate({"--plots", plots.string(), "--csv", csv.string()});
  EXPECT_THAT(ran.output, HasSubstr("wrote " + csv.string()));
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(plots)) {
    EXPECT_THAT(ran.output, HasSubstr("wrote " + entry.path().string()));
    ++count;
  }
  EXPECT_EQ(count, 4) << "precision_recall, ap_by_area, ap_by_class, confusion";
}

TEST_F(EvalProgram, PicturesThatCantBeWrittenCostNoNumbers) {
  const std::filesystem::path plots = folder_.path() / "plots", json = folder_.path() / "out.json";
  std::filesystem::create_directories(plots / "precision_recall.png" / "in_the_way");
  const ProgramResult ran = evaluate({"--plots", plots.string(), "--json", json.string()});
  EXPECT_NE(ran.code, 0);
  EXPECT_THAT(ran.output, HasSubstr("glid_eval: "));
  EXPECT_THAT(ran.output, HasSubstr("precision_recall.png"));
  EXPECT_EQ(Json::parse(read_file(json), "out.json").at("metrics").at("AR1").as_double(), 1);
}

TEST_F(EvalProgram, UsageErrorsAreOneLineAndTwo) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--set", "eval.max_detz=[1]"}, "max_dets"},
      {{"--set", "eval.iou_thresholds=[2]"}, "eval.iou_thresholds"},
      {{"--protocol", "voc"}, "--protocol: eval.protocol must be one of coco|coco_no_crowd|"},
      {{"--set", "eval.metric=mask"},
       "--set eval.metric=mask: is set by an option too (got --task box); give one of the two"},
      {{"--protocol", "mmseg"}, "eval.protocol must be one of coco|"},
      {{"--set", "eval.sigmas=[1]"}, "eval.sigmas is not a known key (got [1]); it belongs to eval.metric: keypoint"},
      {{"--per-class", "size"}, "--per-class: must be one of data|name|value (got size)"},
      {{"--set", "eval.num_classes=3"}, "it belongs to eval.metric: semantic"},
      {{"--set", "eval.max_depth=3"}, "it belongs to eval.metric: depth"},
  };
  for (const auto& [options, expected] : cases) {
    const ProgramResult ran = evaluate(options);
    EXPECT_EQ(ran.code, 2) << ran.output;
    EXPECT_THAT(ran.output, HasSubstr(expected));
    EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 1) << ran.output;
  }
  EXPECT_EQ(run("glid_eval", {"--task", "boxes", "--results", "r.json", "--annotations", "a.json"}).output,
            "glid_eval: --task: eval.metric must be one of box|mask|keypoint|panoptic|semantic|depth (got \"boxes\"); "
            "did you mean "
            "box?\n");
}

TEST_F(EvalProgram, ComparesTwoOfItsReports) {
  const std::string a = (folder_.path() / "a.json").string(), b = (folder_.path() / "b.json").string();
  const ProgramResult ran = evaluate({"--bootstrap", "120", "--json", a});
  EXPECT_THAT(ran.output, HasSubstr("AP50        1  [1, 1]"));
  write_file(result, "[]");
  ASSERT_EQ(evaluate({"--bootstrap", "100", "--json", b}).code, 0);
  const ProgramResult compared = run("glid_eval", {"--compare", a, b});
  EXPECT_EQ(compared.code, 0) << compared.output;
  EXPECT_THAT(compared.output, HasSubstr("-1 [-1, -1] worse"));
  EXPECT_EQ(run("glid_eval", {"--compare", a}).code, 2);
  EXPECT_EQ(run("glid_eval", {"--compare", a, b, "--task", "box"}).code, 2);
  EXPECT_EQ(run("glid_eval", {"--compare", a, truth.string()}).code, 3);
}

TEST_F(EvalProgram, ComparesNoReportsOfOtherImages) {
  const std::string a = (folder_.path() / "a.json").string(), b = (folder_.path() / "b.json").string();
  ASSERT_EQ(evaluate({"--json", a}).code, 0);
  for (const auto& file : {truth, result}) {
    std::string text = read_file(file);
    for (const char* id : {"\"image_id\": 1", "\"images\": [{\"id\": 1"})
      if (const size_t found = text.find(id); found != std::string::npos) text[found + std::string(id).size() - 1] = '2';
    write_file(file, text);
  }
  ASSERT_EQ(evaluate({"--json", b}).code, 0);
  const ProgramResult compared = run("glid_eval", {"--compare", a, b});
  EXPECT_EQ(compared.code, 3) << compared.output;
  EXPECT_THAT(compared.output, HasSubstr("b.json: is of other images than " + a));
  EXPECT_EQ(Json::parse(read_file(a), a).at("image_hash").as_string().size(), 16);
}

TEST_F(EvalProgram, WhatIsReadIsNotReplaced) {
  const std::string before = read_file(truth);
  for (const auto& [option, place] :
       {std::pair{"--json", truth}, {"--csv", result}, {"--json", folder_.path() / "./truth.json"}}) {
    const ProgramResult ran = evaluate({option, place.string()});
    EXPECT_EQ(ran.code, 2) << ran.output;
    EXPECT_THAT(ran.output, HasSubstr("would replace what is read"));
  }
  EXPECT_EQ(read_file(truth), before);
  const std::string json = (folder_.path() / "out").string(), csv = (folder_.path() / "./out").string();
  EXPECT_EQ(evaluate({"--json", json, "--csv", csv}).code, 2);
}

TEST_F(EvalProgram, DataErrorsAreOneLineAndThree) {
  write_file(result, R"([{"image_id": 2, "category_id": 1, "bbox": [1, 1, 4, 4], "score": 0.5}])");
  const ProgramResult ran = evaluate({});
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.output, HasSubstr("result.json"));
  EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 1) << ran.output;
}

TEST_F(EvalProgram, HelpListsSettingsAndProtocols) {
  const ProgramResult ran = run("glid_eval", {"--help-config"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.output, HasSubstr("eval.depth_scale"));
  EXPECT_THAT(ran.output, HasSubstr("(eval.metric: box, mask, keypoint)\n"));
  EXPECT_THAT(ran.output,
              HasSubstr("protocols of semantic\n  detectron2              mean over classes with ground truth\n"));
}

}  // namespace
}  // namespace glid
