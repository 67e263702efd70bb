#include "glid/eval/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/eval/image_hash.h"
#include "glid/eval/report.h"
#include "glid/metrics/accuracy.h"
#include "glid/metrics/depth_errors.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using testing::HasSubstr;
using testing::Not;

// Of images of which every `wrong_every`th is wrong.
Accuracy accuracy(int num_images, int wrong_every) {
  Accuracy metric;
  const std::vector<double> scores{0.6, 0.4};
  for (int i = 0; i < num_images; ++i) metric.add(std::to_string(1000 + i), scores, i % wrong_every == 0 ? 1 : 0);
  return metric;
}

Report report_of(const Metric& metric, const std::string& task) {
  Report report{.task = task, .protocol = "p", .rules = "r", .images = std::ssize(metric.keys())};
  report.metrics = named_values(metric.values());
  report.bootstrap = bootstrap(metric, {.num_samples = 200});
  const std::vector<std::string> images = metric.keys();
  report.image_hash = image_hash({images.begin(), images.end()});
  return report;
}

class Comparison : public testing::Test {
 protected:
  std::filesystem::path written(const std::string& name, const Report& report) const {
    const std::filesystem::path file = folder_.path() / name;
    write_file(file, report_json(report));
    return file;
  }
  std::string error_of(const std::filesystem::path& a, const std::filesystem::path& b) const {
    try {
      comparison_table(a, b);
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  }

  TemporaryFolder folder_;
};

TEST_F(Comparison, OfOneWithoutSamplesHasNoIntervals) {
  Report without = report_of(accuracy(20, 4), "top1");
  without.bootstrap.reset();
  const std::string table =
      comparison_table(written("a.json", report_of(accuracy(20, 3), "top1")), written("b.json", without));
  EXPECT_THAT(table, HasSubstr("+0.1\n"));  // 13 and 15 of 20 are right
  EXPECT_THAT(table, HasSubstr("note: no intervals"));
}

TEST_F(Comparison, NamesTheFileThatIsDamaged) {
  const std::filesystem::path whole = written("a.json", report_of(accuracy(20, 3), "top1"));
  const std::string text = read_file(whole);
  const auto damaged = [&](const std::string& part, const std::string& other) {
    std::string changed = text;
    const size_t begin = changed.find(part);
    EXPECT_NE(begin, std::string::npos) << part;
    const std::filesystem::path file = folder_.path() / "b.json";
    write_file(file, changed.replace(begin, part.size(), other));
    return error_of(whole, file);
  };
  for (const auto& [part, other, reason] :
       {std::tuple{"\"rules\"", "\"rulez\"", "rules"},
        {"\"lower_is_better\": []", "\"lower_is_better\": [\"x\"]", "names no value (got x)"},
        {"\"samples\": 200", "\"samples\": 199", "another number of samples"},
        {"\"key_hash\": \"", "\"key_hash\": \"x", "must be of hexadecimal digits"},
        {"\"image_hash\": \"", "\"image_hash\": 1, \"x\": \"", "is not a string"}}) {
    EXPECT_THAT(damaged(part, other), testing::AllOf(HasSubstr("b.json: is a damaged report"), HasSubstr(reason)));
  }
}

TEST_F(Comparison, OfAFolderNamesTheReportsInIt) {
  const std::filesystem::path report = written("a.json", report_of(accuracy(20, 3), "top1"));
  const std::filesystem::path run = report.parent_path() / "run";
  std::filesystem::create_directory(run);
  const std::string refused = run.string() + ": is a folder, not a report of glid_eval; ";
  EXPECT_THAT([&] { comparison_table(report, run); },
              testing::ThrowsMessage<DataError>(refused + "glid_eval --json FILE writes one"));
  std::filesystem::copy_file(report, run / "eval_flip.json");
  EXPECT_THAT([&] { comparison_table(run, report); },
              testing::ThrowsMessage<DataError>(refused + "name a file in it: " + (run / "eval_flip.json").string()));
  EXPECT_THAT([&] { comparison_table(report, run / "no.json"); },
              testing::ThrowsMessage<DataError>((run / "no.json").string() + ": does not exist"));
}

TEST_F(Comparison, ReadsWhatWasWritten) {
  DepthErrors depth({.crop = DepthCrop::kNone});
  for (int i = 0; i < 5; ++i) {
    const std::vector<double> truth{1, 2}, predicted{1.1 + 0.1 * i, 2};
    depth.add(std::to_string(i), {predicted, 1, 2}, {truth, 1, 2});
  }
  const Bootstrap expected = bootstrap(depth, {.num_samples = 7, .seed = 3});
  Report report = report_of(depth, "depth");
  report.bootstrap = expected;
  const Bootstrap got = bootstrap_of(read_report(written("a.json", report)));
  EXPECT_EQ(got.seed, expected.seed);
  EXPECT_EQ(got.images, expected.images);
  EXPECT_EQ(got.num_images, 5);
  ASSERT_EQ(got.values.size(), expected.values.size());
  for (size_t i = 0; i < got.values.size(); ++i) {
    EXPECT_EQ(got.values[i].name, expected.values[i].name);
    EXPECT_EQ(got.values[i].value, expected.values[i].value);
    EXPECT_EQ(got.values[i].better, expected.values[i].better);
    EXPECT_EQ(got.values[i].samples, expected.values[i].samples);
  }
}

TEST_F(Comparison, SaysWhatIsBetterAndWhatIsNotSure) {
  const auto a = written("a.json", report_of(accuracy(200, 4), "accuracy"));
  const auto b = written("b.json", report_of(accuracy(200, 8), "accuracy"));
  EXPECT_THAT(comparison_table(a, b), HasSubstr("top1        0.75       0.875  +0.125 ["));
  EXPECT_THAT(comparison_table(a, b), HasSubstr("] better\n"));
  EXPECT_THAT(comparison_table(b, a), HasSubstr("] worse\n"));
  EXPECT_THAT(comparison_table(a, a), HasSubstr("+0 [+0, +0]\n"));
}

TEST_F(Comparison, ShowsIntervalsOfOneReport) {
  const std::string table = report_table(report_of(accuracy(200, 4), "accuracy"));
  EXPECT_THAT(table, HasSubstr("top1  0.75  [0."));
  EXPECT_THAT(table, HasSubstr("95 %"));
}

TEST_F(Comparison, SaysThatThereAreNoIntervals) {
  Report report = report_of(accuracy(200, 4), "accuracy");
  report.bootstrap.reset();
  const auto a = written("a.json", report);
  EXPECT_THAT(comparison_table(a, a), HasSubstr("note: no intervals"));
  EXPECT_THAT(report_table(report), Not(HasSubstr("95 %")));
}

// Without samples too, which know the images by themselves.
TEST_F(Comparison, RefusesOtherImagesWhateverTheOptions) {
  Report a = report_of(accuracy(20, 4), "accuracy"), b = a;
  b.image_hash = image_hash({"others"});
  for (const bool has_samples : {true, false}) {
    if (!has_samples) a.bootstrap.reset(), b.bootstrap.reset();
    EXPECT_THAT(
        error_of(written("a.json", a), written("b.json", b)),
        testing::AllOf(HasSubstr("b.json: is of other images than"), HasSubstr(b.image_hash + " and " + a.image_hash)));
  }
}

TEST_F(Comparison, SaysThatAnOldFileDoesNotTellItsImages) {
  Report old = report_of(accuracy(20, 4), "accuracy"), report = old;
  old.image_hash.clear();
  const auto a = written("a.json", report), b = written("b.json", old);
  std::string text = read_file(b);
  const size_t begin = text.find("\"key_hash\": \""), end = text.find("\",", begin);
  ASSERT_NE(end, std::string::npos);
  const auto old_hash = [&](uint64_t hash) {
    std::string changed = text;
    write_file(b, changed.replace(begin, end + 1 - begin, format("\"image_hash\": {}", hash)));
  };
  old_hash(report.bootstrap->images);
  EXPECT_THAT(comparison_table(a, b), HasSubstr("note: whether both are of the same images can't be told"));
  EXPECT_THAT(comparison_table(a, b), HasSubstr("+0 [+0, +0]\n"));
  EXPECT_THAT(comparison_table(a, a), Not(HasSubstr("can't be told")));
  old_hash(report.bootstrap->images + 1);
  EXPECT_THAT(error_of(a, b), HasSubstr("are of different images"));
}

// Places that an older file has aren't the images' names, which a newer one has.
TEST_F(Comparison, RefusesToPairNamesWithTheirPlaces) {
  Report older = report_of(accuracy(20, 4), "accuracy"), report = older;
  ImageNames names;
  for (int i = 0; i < 20; ++i) names[std::to_string(1000 + i)] = format("image {:02}", 19 - i);
  report.bootstrap = bootstrap(accuracy(20, 4), {.num_samples = 200, .names = names});
  older.bootstrap->by_place = true;
  const auto a = written("a.json", older), b = written("b.json", report);
  EXPECT_TRUE(bootstrap_of(read_report(a)).by_place);
  EXPECT_FALSE(bootstrap_of(read_report(b)).by_place);
  EXPECT_THAT(error_of(a, b), HasSubstr("can't be paired: an older one calls images by their places"));
  EXPECT_THAT(comparison_table(a, a), HasSubstr("+0 [+0, +0]\n"));
  std::string text = read_file(a);
  const std::string keys = "\"keys\": \"places\",";
  ASSERT_NE(text.find(keys), std::string::npos);
  write_file(a, text.replace(text.find(keys), keys.size(), ""));
  EXPECT_TRUE(bootstrap_of(read_report(a)).by_place);
}

TEST_F(Comparison, SaysThatDataDifferWhoseIdsDoNot) {
  Report a = report_of(accuracy(20, 4), "accuracy"), b = a;
  a.model = {{"data", "scenes, list 1"}};
  b.model = {{"data", "scenes, list 2"}};
  EXPECT_THAT(comparison_table(written("a.json", a), written("b.json", b)),
              HasSubstr("the data differ, though their images have the same ids: scenes, list 1 and scenes, list 2\n"));
}

TEST_F(Comparison, SaysThatClassesDiffer) {
  Report a = report_of(accuracy(20, 4), "accuracy"), b = a;
  a.per_class = {{.id = 1, .name = "cat"}, {.id = 2, .name = "dog"}};
  b.per_class = {{.id = 2, .name = "dog"}, {.id = 1, .name = "cat"}};
  EXPECT_THAT(comparison_table(written("a.json", a), written("b.json", b)), Not(HasSubstr("the classes differ")));
  b.per_class = {{.id = 1, .name = "cat"}, {.id = 2, .name = "wolf"}, {.id = 3, .name = "zebra"}};
  EXPECT_THAT(
      comparison_table(written("a.json", a), written("b.json", b)),
      HasSubstr("note: the classes differ: 2 and 3; only the first has dog (id 2); only the second has wolf (id 2)\n"));
}

TEST_F(Comparison, NamesCheckpointStepAndWeightsOfBoth) {
  Report a = report_of(accuracy(20, 4), "accuracy"), b = a;
  a.model = {{"checkpoint", "runs/a/checkpoints/step_00000100 (best by AP)"}, {"step", "100"}, {"weights", "ema"}};
  const std::string table = comparison_table(written("a.json", a), written("b.json", b));
  EXPECT_THAT(table, HasSubstr("a.json: checkpoint runs/a/checkpoints/step_00000100 (best by AP), step 100, weights ema\n"));
  EXPECT_THAT(table, HasSubstr("b.json: names no checkpoint\n"));
}

TEST_F(Comparison, KnowsTheStepOfOldFilesByTheCheckpointsName) {
  const auto step_of = [](const std::string& checkpoint) {
    return evaluated_step(Json::object().set("model", Json::object().set("checkpoint", checkpoint)));
  };
  EXPECT_EQ(step_of("runs/step_7/checkpoints/step_00000100 (best by AP)"), 100);
  EXPECT_EQ(step_of("copies/mine (as given)"), std::nullopt);
  EXPECT_EQ(evaluated_step(Json::object()), std::nullopt);
}

TEST_F(Comparison, CountsOneImageAsOne) {
  const auto a = written("a.json", report_of(accuracy(1, 4), "accuracy"));
  EXPECT_THAT(comparison_table(a, a), HasSubstr("accuracy, protocol p, 1 image\n"));
}

TEST_F(Comparison, RefusesWhatIsNotAlike) {
  const auto a = written("a.json", report_of(accuracy(200, 4), "accuracy"));
  EXPECT_THAT(error_of(a, written("b.json", report_of(accuracy(200, 4), "box"))),
              HasSubstr("b.json: is of another task than"));
  Report other = report_of(accuracy(200, 4), "accuracy");
  other.rules = "others";
  EXPECT_THAT(error_of(a, written("b.json", other)), HasSubstr("b.json: is by other rules than"));
  other.protocol = "q";
  EXPECT_THAT(error_of(a, written("b.json", other)), HasSubstr("b.json: is by another protocol than"));
  EXPECT_THAT(error_of(a, written("c.json", report_of(accuracy(100, 4), "accuracy"))), HasSubstr("200"));
  write_file(folder_.path() / "d.json", "[1]");
  EXPECT_THAT(error_of(a, folder_.path() / "d.json"), HasSubstr("is no report of glid_eval"));
  EXPECT_THAT(error_of(a, folder_.path() / "none.json"), HasSubstr("none.json"));
}

}  // namespace
}  // namespace glid
