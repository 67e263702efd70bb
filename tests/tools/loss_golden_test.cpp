// Twenty steps of a small run against tests/golden/losses.json (scripts/parity/losses.py made it): fp32, one thread, on one
// and two ranks and with two micro-batches.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "glid/core/json.h"
#include "support/program.h"

namespace glid {
namespace {

// Of each value, because other processors round otherwise; a gradient's norm shows it a hundred times as much.
double tolerance_of(const std::string& key) { return key == "grad_norm" ? 1e-3 : 1e-5; }

const std::map<std::string, std::vector<std::string>>& variants() {
  static const std::map<std::string, std::vector<std::string>> options{
      {"one_rank", {}}, {"two_ranks", {"--nproc", "2"}}, {"two_micro_batches", {"--set", "train.accumulate=2"}}};
  return options;
}

class LossGolden : public testing::TestWithParam<const char*> {};

TEST_P(LossGolden, TwentyStepsAreThoseOfTheGoldenFile) {
  std::vector<std::string> options = variants().at(GetParam());
  for (const char* setting : {"train.steps=20", "log.every_steps=1", "log.pictures_every_steps=0", "eval.every_steps=10",
                              "checkpoint.every_steps=20", "model.encoder.drop_path=0.1", "optim.clip=1.0"})
    options.insert(options.end(), {"--set", setting});
  const TemporaryFolder dir;
  const ProgramResult result = run("glid_train", small_training(dir.path() / "run", options));
  ASSERT_EQ(result.code, 0) << result.output;

  const std::string golden_file = std::string(GLID_TEST_GOLDEN) + "/losses.json";
  const Json golden = Json::parse(read_file(golden_file), golden_file).at(GetParam());
  std::map<std::string, size_t> seen;
  std::istringstream in(read_file(dir.path() / "run/metrics.jsonl"));
  for (std::string text; std::getline(in, text);) {
    const Json line = Json::parse(text, "metrics.jsonl");
    for (const auto& [key, series] : golden.as_object()) {
      const Json* value = line.find(key);
      if (!value) continue;
      const size_t i = seen[key]++;
      ASSERT_LT(i, series.as_array().size()) << key;
      const double expected = series.as_array()[i].as_double();
      EXPECT_NEAR(value->as_double(), expected, tolerance_of(key) * std::abs(expected)) << key << " " << i;
    }
  }
  for (const auto& [key, series] : golden.as_object()) EXPECT_EQ(seen[key], series.as_array().size()) << key;
}

INSTANTIATE_TEST_SUITE_P(Runs, LossGolden, testing::Values("one_rank", "two_ranks", "two_micro_batches"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace glid
