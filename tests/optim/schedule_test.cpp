#include "glid/optim/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/golden.h"

namespace glid {
namespace {

using testing::HasSubstr;

ScheduleConfig shape_of(const Json& golden) {
  const std::string& name = golden.at("name").as_string();
  if (name == "poly") return PolySchedule{golden.at("power").as_double()};
  if (name == "one_cycle")
    return OneCycleSchedule{golden.at("pct").as_double(), golden.at("div").as_double(), golden.at("final_div").as_double()};
  StepsSchedule steps{{}, MilestoneUnit::kPart, golden.at("factor").as_double()};
  for (const Json& milestone : golden.at("milestones").as_array()) steps.milestones.push_back(milestone.as_double());
  return steps;
}

TEST(Schedule, FormulasEqualThoseOfTheirSources) {
  const Json goldens = read_golden("schedules.json");
  for (const Json& golden : goldens.at("schedules").as_array()) {
    const Schedule schedule{golden.at("peak").as_double(), 0, golden.at("total_steps").as_int(), 0, shape_of(golden)};
    const Json::Array& rates = golden.at("lr").as_array();
    ASSERT_EQ(std::ssize(rates), schedule.total_steps + 1);
    for (int64_t step = 0; step <= schedule.total_steps; ++step)
      EXPECT_NEAR(schedule.at(step), rates[static_cast<size_t>(step)].as_double(), 1e-12 * schedule.peak)
          << golden.at("name").as_string() << " " << step;
  }
}

TEST(Schedule, WarmsUpFromZeroThenHalfACosine) {
  const Schedule schedule{2.0, 10, 110};
  EXPECT_EQ(schedule.at(0), 0);
  EXPECT_DOUBLE_EQ(schedule.at(5), 1.0);
  EXPECT_DOUBLE_EQ(schedule.at(10), 2.0);
  EXPECT_DOUBLE_EQ(schedule.at(60), 1.0);
  EXPECT_NEAR(schedule.at(109), 2.0 * 0.5 * (1 - std::cos(std::acos(-1.0) / 100)), 1e-12);
  EXPECT_EQ(schedule.at(110), 0);
  EXPECT_DOUBLE_EQ((Schedule{2.0, 100, 50}).at(49), 0.98);  // a warm-up longer than the run
}

TEST(Schedule, AWarmUpMayStartAboveZeroAndLeadsIntoEveryShape) {
  for (const ScheduleConfig& shape : {ScheduleConfig(PolySchedule{}), ScheduleConfig(StepsSchedule{})}) {
    const Schedule schedule{2.0, 10, 110, 1e-3, shape};
    EXPECT_DOUBLE_EQ(schedule.at(0), 2e-3);
    EXPECT_DOUBLE_EQ(schedule.at(5), 1.0 + 1e-3);
    EXPECT_DOUBLE_EQ(schedule.at(10), 2.0);
  }
  EXPECT_DOUBLE_EQ((Schedule{2.0, 10, 110, 0, PolySchedule{1.0}}).at(60), 1.0);
  EXPECT_DOUBLE_EQ((Schedule{2.0, 10, 110, 0, StepsSchedule{}}).at(87), 2.0);  // a milestone counts from the start
  EXPECT_DOUBLE_EQ((Schedule{2.0, 10, 110, 0, StepsSchedule{}}).at(88), 0.2);
}

// ViTPose's 170 and 200 of 210 epochs.
TEST(Schedule, MilestonesCountInPartsEpochsOrSteps) {
  for (const StepsSchedule& shape :
       {StepsSchedule{{170.0 / 210, 200.0 / 210}}, StepsSchedule{{170, 200}, MilestoneUnit::kEpochs},
        StepsSchedule{{170 * 292, 200 * 292}, MilestoneUnit::kSteps}}) {
    const Schedule schedule{2.0, 0, 210 * 292, 0, shape, 292};
    EXPECT_DOUBLE_EQ(schedule.at(170 * 292 - 1), 2.0);
    EXPECT_DOUBLE_EQ(schedule.at(170 * 292), 0.2);
    EXPECT_DOUBLE_EQ(schedule.at(200 * 292 - 1), 0.2);
    EXPECT_DOUBLE_EQ(schedule.at(200 * 292), 0.02);
  }
}

TEST(Schedule, ShortestRunsHaveFiniteRates) {
  for (const ScheduleConfig& shape : {ScheduleConfig(CosineSchedule{}), ScheduleConfig(PolySchedule{}),
                                      ScheduleConfig(StepsSchedule{}), ScheduleConfig(OneCycleSchedule{})})
    for (int64_t total = 1; total < 12; ++total)
      for (int64_t step = 0; step <= total; ++step) {
        const double rate = Schedule{1.0, 0, total, 0, shape}.at(step);
        EXPECT_TRUE(rate >= 0 && rate <= 1) << total << " " << step << " " << rate;
      }
}

TEST(Schedule, WarnsOfAWarmUpThatFillsTheRunAndOfMilestonesBehindIt) {
  EXPECT_EQ((Schedule{1.0, 99, 100}).warning(), "");
  EXPECT_THAT((Schedule{1.0, 100, 100}).warning(), HasSubstr("100 steps"));
  EXPECT_EQ((Schedule{1.0, 0, 100, 0, StepsSchedule{{50, 99}, MilestoneUnit::kSteps}}).warning(), "");
  EXPECT_THAT((Schedule{1.0, 0, 100, 0, StepsSchedule{{50, 100}, MilestoneUnit::kSteps}}).warning(),
              HasSubstr("the last milestone is at step 100 of a run of 100"));
  EXPECT_THAT((Schedule{1.0, 400, 20}).warning(), testing::AllOf(HasSubstr("400 steps"), HasSubstr("20 steps")));
}

}  // namespace
}  // namespace glid
