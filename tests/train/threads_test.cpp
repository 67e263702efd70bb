#include "glid/train/threads.h"

#include <gtest/gtest.h>

namespace glid {
namespace {

TEST(Threads, AreThoseThatAreFree) {
  EXPECT_EQ(count_threads({.processors = 16, .free = 16}), 16);
  EXPECT_EQ(count_threads({.processors = 16, .free = 3}), 3);
  EXPECT_EQ(count_threads({.wanted = 9, .processors = 16, .free = 3}), 9);
  EXPECT_EQ(count_threads({.wanted = 32, .processors = 16, .free = 3, .ranks = 4}), 32);
}

TEST(Threads, OfRanksAreAnEqualShare) {
  EXPECT_EQ(count_threads({.processors = 16, .free = 1, .ranks = 3}), 5);
  EXPECT_EQ(count_threads({.processors = 2, .free = 2, .ranks = 8}), 1);
}

TEST(Threads, OfARunThatGoesOnStay) {
  EXPECT_EQ(count_threads({.processors = 16, .free = 16}, 4), 4);
  EXPECT_EQ(count_threads({.processors = 16, .free = 1}, 16), 16);
  EXPECT_EQ(count_threads({.processors = 8, .free = 6}, 16), 6);  // on a smaller machine
  EXPECT_EQ(count_threads({.processors = 16, .free = 16, .ranks = 2}, 16), 8);
  EXPECT_EQ(count_threads({.processors = 16, .free = 16, .ranks = 2}, 4), 4);
  EXPECT_EQ(count_threads({.wanted = 2, .processors = 16, .free = 16}, 4), 2);
}

}  // namespace
}  // namespace glid
