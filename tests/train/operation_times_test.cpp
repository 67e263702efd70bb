#include "glid/train/operation_times.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/json.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

const OperationTime* find(const std::vector<OperationTime>& times, const std::string& name) {
  const auto found = std::ranges::find(times, name, &OperationTime::name);
  return found == times.end() ? nullptr : &*found;
}

TEST(OperationTimes, CallsOfBothPassesTheLongestFirst) {
  const at::Tensor x = at::rand({64, 300, 30}).requires_grad_(), weight = at::rand({40, 30}).requires_grad_();
  OperationTimes recording(at::kCPU);
  for (int i = 0; i < 3; ++i) at::linear(x, weight).sum().backward();
  const RecordedTimes recorded = recording.finish();
  const std::vector<OperationTime>& times = recorded.operations;
  ASSERT_NE(find(times, "aten::mm"), nullptr);
  EXPECT_EQ(find(times, "aten::linear")->calls, 3);
  EXPECT_EQ(find(times, "aten::mm")->calls, 9);  // forward, and one for each of the two gradients
  for (const OperationTime& time : times) EXPECT_GE(time.seconds, 0) << time.name;  // own times, not below zero
  EXPECT_TRUE(std::ranges::is_sorted(times, std::greater(), &OperationTime::seconds));
  EXPECT_TRUE(recorded.kernels.empty());
}

TEST(OperationTimes, WritesATraceAndRecordsNothingAfterwards) {
  const TemporaryFolder dir;
  {
    OperationTimes recording(at::kCPU);
    (void)at::rand({4}).sum();
    EXPECT_NE(find(recording.finish(dir.path() / "trace.json").operations, "aten::sum"), nullptr);
  }
  const std::filesystem::path file = dir.path() / "trace.json";
  EXPECT_FALSE(Json::parse(read_file(file), file.string()).at("traceEvents").as_array().empty());
  OperationTimes again(at::kCPU);
  (void)at::rand({4}).exp();
  EXPECT_EQ(find(again.finish().operations, "aten::sum"), nullptr);
}

TEST(OperationTimes, SaysWhereATraceCannotBeWritten) {
  const TemporaryFolder dir;
  OperationTimes recording(at::kCPU);
  (void)at::rand({4}).sum();
  EXPECT_THROW((void)recording.finish(dir.path() / "missing" / "trace.json"), Error);
}

TEST(OperationTimes, MayBeLeftUnfinished) {
  { const OperationTimes recording(at::kCPU); }
  OperationTimes again(at::kCPU);
  (void)at::rand({4}).exp();
  EXPECT_NE(find(again.finish().operations, "aten::exp"), nullptr);
}

}  // namespace
}  // namespace glid
