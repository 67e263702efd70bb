// Tasks that learn four scenes by heart.
#include <gtest/gtest.h>

#include "support/lessons.h"

namespace glid {
namespace {

class Learning : public testing::TestWithParam<Lesson> {};

TEST_P(Learning, ByHeart) { learn_by_heart(GetParam(), *make_communicator(LaunchEnv{}, at::kCPU)); }

INSTANTIATE_TEST_SUITE_P(Tasks, Learning, testing::ValuesIn(lessons()), [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace glid
