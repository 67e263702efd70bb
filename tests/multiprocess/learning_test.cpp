// Four scenes learnt by heart on two ranks, by a task whose targets are matched and by one whose loss is an image's own.
#include <gtest/gtest.h>

#include "support/lessons.h"
#include "support/on_ranks.h"

namespace glid {
namespace {

void learn_on_two_ranks(std::string_view name) {
  if (!on_ranks(2)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  for (const Lesson& lesson : lessons())
    if (lesson.name == name) return learn_by_heart(lesson, *group);
  FAIL() << "no such lesson";
}

TEST(LearningOnTwoRanks, Detection) { learn_on_two_ranks("detection"); }

TEST(LearningOnTwoRanks, Depth) { learn_on_two_ranks("depth"); }

}  // namespace
}  // namespace glid
