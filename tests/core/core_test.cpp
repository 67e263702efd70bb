#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <latch>
#include <limits>
#include <set>

#include "glid/core/crc32c.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/json.h"
#include "glid/core/json_lines.h"
#include "glid/core/parallel_for.h"
#include "glid/core/rng.h"
#include "glid/core/utf8.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

// Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, StreamsAreNamedByEveryPartOfTheirKey) {
  std::set<uint32_t> first;
  for (uint64_t seed : {1, 2})
    for (uint64_t epoch : {0, 1})
      for (uint64_t sample : {0, 1})
        for (auto op : {RandomOp::kCrop, RandomOp::kMask}) first.insert(Rng(seed, epoch, sample, op).next());
  EXPECT_EQ(first.size(), 16u);
  EXPECT_EQ(Rng(7, 3, 5, RandomOp::kCrop).next(), Rng(7, 3, 5, RandomOp::kCrop).next());
}

TEST(Rng, MomentsAndBounds) {
  Rng rng(1, 0, 0, RandomOp::kScene);
  double sum = 0, squares = 0, normals = 0, normal_squares = 0;
  constexpr int n = 20000;
  for (int i = 0; i < n; ++i) {
    const double u = rng.uniform(), z = rng.normal();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    ASSERT_LT(rng.below(7), 7u);
    sum += u, squares += u * u, normals += z, normal_squares += z * z;
  }
  EXPECT_NEAR(sum / n, 0.5, 0.01);
  EXPECT_NEAR(squares / n, 1.0 / 3, 0.01);
  EXPECT_NEAR(normals / n, 0, 0.03);
  EXPECT_NEAR(normal_squares / n, 1, 0.04);
}

TEST(Utf8, NamesStayApart) {
  EXPECT_EQ(name_to_utf8("M\xFCller"), "M\\xFCller");
  EXPECT_EQ(name_to_utf8("M\\xFCller"), "M\\x5CxFCller");
  EXPECT_EQ(name_to_utf8("M\\x5CxFCller"), "M\\x5Cx5CxFCller");
  EXPECT_EQ(name_to_utf8("\\xFC\xFC\\xFC"), "\\x5CxFC\\xFC\\x5CxFC");
  for (const char* same : {"M\xC3\xBCller", "a\\b", "\\x", "\\xF", "\\xfc", "\\xG0", ""})
    EXPECT_EQ(name_to_utf8(same), same);
}

TEST(Utf8, BytesThatArePartOfNoCharacterBecomeText) {
  EXPECT_EQ(to_utf8("M\xC3\xBCller \xF0\x9F\x98\x80"), "M\xC3\xBCller \xF0\x9F\x98\x80");
  EXPECT_EQ(to_utf8("M\xFCller"), "M\\xFCller");
  EXPECT_EQ(to_utf8("\xC3"), "\\xC3");
  EXPECT_EQ(to_utf8("\xE2\x82\xE2\x82\xAC"), "\\xE2\\x82\xE2\x82\xAC");
  EXPECT_EQ(to_utf8("\xED\xA0\x80"), "\\xED\\xA0\\x80");  // half of a pair of UTF-16
  EXPECT_EQ(to_utf8(""), "");
  EXPECT_EQ(printable("M\xC3\xBCller\x1b[31m\n\x7f\xC2\x9B"), "M\xC3\xBCller?[31m???");
  EXPECT_EQ(printable(std::string(1000, 'x')), std::string(400, 'x') + " ...");
}

TEST(Utf8, LinesForTerminalsCommandNothing) {
  EXPECT_EQ(lines_for_terminal("a\x1B[31mred\tb\n\x7F\xFC"), "a?[31mred\tb\n?\\xFC");
}

TEST(Json, IsUtf8WhateverTheNames) {
  const std::string text = Json::object().set("k\xFF", "M\xFCller").dump();
  EXPECT_EQ(text, R"({"k\\xFF":"M\\xFCller"})");
  EXPECT_EQ(Json::parse(text, "").at("k\\xFF").as_string(), "M\\xFCller");
}

// The order of epochs and masks hangs on it: the same draws for ever.
TEST(Rng, ShuffleIsFisherYatesFromTheEnd) {
  std::vector<int64_t> values{0, 1, 2, 3, 4, 5, 6, 7}, by_hand = values;
  Rng rng(7, 0, 0, RandomOp::kMask), same(7, 0, 0, RandomOp::kMask);
  shuffle(values, rng);
  EXPECT_EQ(values, (std::vector<int64_t>{1, 3, 0, 7, 4, 2, 6, 5}));
  for (const size_t left : {8, 7, 6, 5, 4, 3, 2}) std::swap(by_hand[left - 1], by_hand[same.below(left)]);
  EXPECT_EQ(values, by_hand);
  EXPECT_EQ(rng.next(), same.next());
}

TEST(Crc32c, InstructionAndTableAgree) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += static_cast<char>(i * 37);
  for (size_t begin = 0; begin < 9; ++begin)
    for (size_t size = 0; size + begin <= bytes.size(); ++size)
      ASSERT_EQ(crc32c(&bytes[begin], size, 7), crc32c_by_table(&bytes[begin], size, 7)) << begin << " " << size;
}

TEST(Crc32c, KnownAnswersAndContinuation) {
  EXPECT_EQ(crc32c("123456789", 9), 0xE3069283u);  // RFC 3720
  EXPECT_EQ(crc32c("6789", 4, crc32c("12345", 5)), 0xE3069283u);
}

TEST(Json, RoundTripKeepsOrderAndDigits) {
  Json json;
  json.set("z", 0.1)
      .set("a", int64_t{-3})
      .set("big", UINT64_MAX)
      .set("text", "a\"\n\x01")
      .set("list", Json::Array{true, Json{}});
  const std::string text = json.dump();
  EXPECT_EQ(text, R"({"z":0.1,"a":-3,"big":18446744073709551615,"text":"a\"\n\u0001","list":[true,null]})");
  EXPECT_EQ(Json::parse(text, "test").dump(), text);
  EXPECT_EQ(Json::parse(json.dump(2), "test").dump(), text);
}

TEST(JsonLines, CountsWhatAKillHasCutOff) {
  const TemporaryFolder dir;
  const auto file = dir.path() / "metrics.jsonl";
  EXPECT_TRUE(read_json_lines(file, "step").whole.empty()) << "there is no file yet";
  write_file(file, "{\"step\":1,\"loss\":0.5}\n{\"other\":2}\n{\"step\":2}\n{\"step\":3,\"lo");
  const JsonLines lines = read_json_lines(file, "step");
  ASSERT_EQ(lines.whole.size(), 2u);
  EXPECT_EQ(lines.whole[0].at("loss").as_double(), 0.5);
  EXPECT_EQ(lines.damaged, 2);
}

TEST(Json, NeverWritesNan) { EXPECT_EQ(Json(std::numeric_limits<double>::quiet_NaN()).dump(), "null"); }

TEST(Json, WhatEditorsAndProgramsPutAroundIt) {
  EXPECT_EQ(Json::parse("\xEF\xBB\xBF{\"a\": 1}", "f.json").at("a").as_int(), 1);
  const auto error_of = [](std::string_view text) -> std::string {
    try {
      Json::parse(text, "f.json");
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of(std::string_view("\xFF\xFE{\0}\0", 6)), "f.json: is a text in UTF-16; save it as UTF-8");
  EXPECT_EQ(error_of("{\"a\": \"}\\\"\"}\n{\"a\": 2}\n"),
            "f.json:2: has text behind the end of its JSON (got {\"a\": 2}); a file holds one list or one object");
  EXPECT_EQ(error_of("[1, [2]] ]"),
            "f.json:1: has text behind the end of its JSON (got ]); a file holds one list or one object");
  EXPECT_EQ(error_of("[1, {2]} ]").substr(0, 25), "f.json: is not valid JSON");
  EXPECT_EQ(error_of("{\"a\": \"").substr(0, 25), "f.json: is not valid JSON");
}

TEST(Json, BrokenTextIsADataErrorThatNamesTheFile) {
  try {
    Json::parse("{\"a\": ", "state.json");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("state.json"), std::string::npos);
    EXPECT_EQ(error.code(), ExitCode::kData);
  }
}

TEST(Error, IsOneLineAndMapsToTheExitCode) {
  EXPECT_STREQ(UsageError("config.yaml:3", "unknown key 'lr2'", "", "did you mean 'lr'?").what(),
               "config.yaml:3: unknown key 'lr2'; did you mean 'lr'?");
  EXPECT_EQ(run_program("test", []() -> ExitCode { throw DataError("x", "is empty"); }), 3);
  EXPECT_EQ(run_program("test", []() -> ExitCode { throw std::runtime_error("bug"); }), 1);
}

// 3 fails long before 2 has, which began earlier.
TEST(ParallelFor, ThrowsTheErrorOfTheSmallestIndexWhateverTheThreads) {
  for (int64_t num_threads : {1, 2, 4}) {
    std::latch three_failed(1);
    const auto body = [&](int64_t i, int64_t) {
      if (i == 2 && num_threads > 1) three_failed.wait();
      if (i == 3) three_failed.count_down();
      if (i >= 2) throw std::runtime_error(std::to_string(i));
    };
    try {
      parallel_for(100, num_threads, body);
      FAIL();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "2") << num_threads;
    }
  }
}

}  // namespace
}  // namespace glid
