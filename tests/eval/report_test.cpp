#include "glid/eval/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/json.h"

namespace glid {
namespace {

using testing::HasSubstr;

Report example() {
  Report report;
  report.task = "box";
  report.protocol = "coco";
  report.rules = "pycocotools";
  report.images = 3;
  report.metrics = {{"AP", 1.0 / 3}, {"APs", std::nullopt}};
  report.variants = {{"mIoU", "csail", 0.25}};
  report.per_class = {{7, "cat, \"big\"", {{"AP", 0.1}, {"APs", std::nullopt}}}, {9, "dog", {{"AP", 1e-300}, {"APs", 1.0}}}};
  report.notes = {"2 crowds"};
  return report;
}

TEST(Report, JsonKeepsEveryDigitAndNull) {
  const Json json = Json::parse(report_json(example()), "test");
  EXPECT_EQ(json.at("task").as_string(), "box");
  EXPECT_EQ(json.at("images").as_int(), 3);
  EXPECT_EQ(json.at("metrics").at("AP").as_double(), 1.0 / 3);
  EXPECT_TRUE(json.at("metrics").at("APs").is_null());
  EXPECT_EQ(json.at("per_class").as_array()[1].at("AP").as_double(), 1e-300);
  EXPECT_EQ(json.at("per_class").as_array()[0].at("id").as_int(), 7);
  EXPECT_EQ(json.at("variants").as_array()[0].at("value").as_double(), 0.25);
  EXPECT_EQ(json.at("notes").as_array()[0].as_string(), "2 crowds");
  EXPECT_EQ(json.find("confusion"), nullptr);
}

TEST(Report, SaysTheUnitAndOverHowManyClassesAMeanIs) {
  Report report = example();
  report.unit = "fractions";
  report.means_over = {{"AP", 80}};
  EXPECT_THAT(report_table(report), HasSubstr("numbers: fractions\n"));
  EXPECT_THAT(report_table(report), HasSubstr("  AP (N = 80)  0.333333\n  APs          n/a"));
  const Json json = Json::parse(report_json(report), "test");
  EXPECT_EQ(json.at("classes_in_means").at("AP").as_int(), 80);
  EXPECT_EQ(json.at("unit").as_string(), "fractions");
}

TEST(Report, CountsImages) {
  Report report = example();
  EXPECT_THAT(report_table(report), HasSubstr("box: 3 images\n"));
  report.images = 1;
  EXPECT_THAT(report_table(report), HasSubstr("box: 1 image\n"));
}

TEST(Report, JsonHasTheConfusionMatrix) {
  Report report = example();
  report.confusion = {{1, 2, 0}, {3, 4, 5}};
  const Json json = Json::parse(report_json(report), "test");
  EXPECT_EQ(json.at("confusion").as_array()[1].as_array()[2].as_int(), 5);
}

TEST(Report, CsvQuotesNamesAndLeavesAbsentNumbersEmpty) {
  EXPECT_EQ(report_csv(example()), "id,name,AP,APs\n7,\"cat, \"\"big\"\"\",0.1,\n9,dog,1e-300,1\n");
}

TEST(Report, CsvHasAColumnForEveryNumberOfAnyRow) {
  Report report;
  report.per_class = {{1, "mask.cat", {{"AP", 0.5}}}, {2, "semantic.sky", {{"IoU", 0.25}, {"AP", std::nullopt}}}};
  EXPECT_EQ(report_csv(report), "id,name,AP,IoU\n1,mask.cat,0.5,\n2,semantic.sky,,0.25\n");
}

TEST(Report, CsvListsImagesWhereThereAreNoClasses) {
  Report report;
  report.per_image = {{0, "a", {{"rmse", 0.5}}}};
  EXPECT_EQ(report_csv(report), "id,name,rmse\n0,a,0.5\n");
}

TEST(Report, TableNamesProtocolNumbersAndNotes) {
  const std::string table = report_table(example());
  EXPECT_THAT(table, HasSubstr("protocol coco: pycocotools"));
  EXPECT_THAT(table, HasSubstr("AP   0.333333"));
  EXPECT_THAT(table, HasSubstr("APs  n/a"));
  EXPECT_THAT(table, HasSubstr("mIoU by protocol csail: 0.25"));
  EXPECT_THAT(table, HasSubstr("note: 2 crowds"));
}

}  // namespace
}  // namespace glid
