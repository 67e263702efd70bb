#include "glid/train/run_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"

namespace glid {
namespace {

using testing::HasSubstr;

RunState some_state() {
  return {.step = 7,
          .finished_step = 6,
          .seed = UINT64_MAX,
          .loader = {2, 48},
          .scaler = {4096, 17},
          .ranks = 3,
          .threads = 2,
          .skipped_updates = 5,
          .nonfinite_in_a_row = 1,
          .loss = 0.1,
          .best = {.name = "loss", .value = 0.25, .step = 6},
          .dataset = {"00ff", "0100", 64},
          .vocabulary = {.objects = {{7, "cat"}, {9, "dog"}},
                         .segments = {{1, "sky"}},
                         .is_thing = {false},
                         .joints = {"nose", "tail"},
                         .limbs = {{0, 1}}},
          .git = "abc"};
}

std::string error_of(const Json& json) {
  try {
    read_state(json, "state.json");
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(RunStateFile, ComesBackAsItWas) {
  const Json written = write_state(some_state());
  const Json parsed = Json::parse(written.dump(2), "here");
  EXPECT_EQ(write_state(read_state(parsed, "here")).dump(), written.dump());
  EXPECT_EQ(read_state(parsed, "here").seed, UINT64_MAX);
  EXPECT_EQ(read_state(parsed, "here").best, some_state().best);
  EXPECT_EQ(read_state(parsed, "here").vocabulary.objects, some_state().vocabulary.objects);
}

TEST(RunStateFile, WithoutAValidationTheBestIsNoNumber) {
  const RunState read = read_state(write_state(RunState{}), "here");
  EXPECT_TRUE(std::isnan(read.best.value));
  EXPECT_EQ(read.best.step, -1);
}

TEST(RunStateFile, AnotherFormatOrAMissingKeyIsOneSentence) {
  EXPECT_THAT(error_of(Json().set("format", 1)), testing::AllOf(HasSubstr("state.json"), HasSubstr("(got 1)")));
  EXPECT_THAT(error_of(Json().set("format", RunState::kFormat).set("step", 3)), HasSubstr("\"finished_step\""));
}

}  // namespace
}  // namespace glid
