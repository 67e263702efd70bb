#include "glid/eval/class_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"

namespace glid {
namespace {

using testing::HasSubstr;
using testing::Not;

Report boxes() {
  Report report;
  report.task = "box";
  const auto row = [](int64_t id, const std::string& name, std::optional<double> ap, double truths) {
    return ReportRow{
        id, name, {{"AP", ap}, {"AP50", 0.5}, {"APs", 0.1}, {"AR1", 0.2}, {"AR100", 0.75}, {"truths", truths}}, 1};
  };
  report.per_class = {row(3, "dog", 0.25, 12), row(1, "cat", 0.5, 3), row(2, "b\u00e4r", std::nullopt, 0)};
  return report;
}

TEST(ClassTable, HasALineAClassAndTheNumbersThatOneComparesBy) {
  EXPECT_EQ(class_table(boxes(), ClassOrder::kData),
            "  class      AP    AP50   AR100  truths\n"
            "  dog    0.2500  0.5000  0.7500      12\n"
            "  cat    0.5000  0.5000  0.7500       3\n"
            "  b\u00e4r       n/a  0.5000  0.7500       0\n");
}

TEST(ClassTable, IsSortedByNameOrValue) {
  const auto order = [&](ClassOrder by) {
    const std::string table = class_table(boxes(), by);
    std::string first;
    for (size_t at = table.find('\n'); at + 3 < table.size(); at = table.find('\n', at + 1)) first += table[at + 3];
    return first;
  };
  EXPECT_EQ(order(ClassOrder::kData), "dcb");
  EXPECT_EQ(order(ClassOrder::kName), "bcd");
  EXPECT_EQ(order(ClassOrder::kValue), "cdb") << "a class without a number comes last";
}

TEST(ClassTable, SeveralTasksHaveATableEach) {
  Report report;
  report.per_class = {
      {0, "semantic.sky", {{"IoU", 0.5}}}, {1, "semantic.cat", {{"IoU", 0.75}}}, {1, "panoptic.cat", {{"PQ", 1.0}}}};
  const std::string table = class_table(report, ClassOrder::kValue);
  EXPECT_THAT(table, HasSubstr("class            IoU\n  semantic.cat  0.7500\n  semantic.sky  0.5000\n  class"));
  EXPECT_THAT(table, HasSubstr("PQ\n  panoptic.cat  1.0000\n"));
}

TEST(ClassTable, LongNamesAreCutAndOthersCannotMoveTheCursor) {
  Report report;
  report.per_class = {{0, "chest of drawers, chest, bureau, dresser", {{"IoU", 0.5}}}, {1, "a\nb\x1b[2J", {{"IoU", 0.5}}}};
  const std::string table = class_table(report, ClassOrder::kData);
  EXPECT_THAT(table, HasSubstr("chest of drawers, chest, b..  0.5000"));
  EXPECT_THAT(table, HasSubstr("a?b?[2J"));
}

TEST(ClassTable, DepthHasNoClasses) {
  EXPECT_THROW(class_table(Report{.task = "depth"}, ClassOrder::kData), UsageError);
  EXPECT_THROW(require_class_table("depth"), UsageError);
  EXPECT_NO_THROW(require_class_table("box"));
}

}  // namespace
}  // namespace glid
