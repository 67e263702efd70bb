// What the page draws and chooses: lines, bars, pictures, rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "glid/eval/measure.h"
#include "glid/report/report_page.h"
#include "page_texts.h"
#include "written_runs.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

std::string part_of(const std::string& page, const std::string& begin, const std::string& end) {
  const size_t first = page.find(begin);
  return first == std::string::npos ? "" : page.substr(first, page.find(end, first) - first);
}

std::string figure_of(const std::string& page, const std::string& title) {
  return part_of(page, "<figure><figcaption>" + title + "</figcaption>", "</figure>");
}

// The rows of a path's points, from the top.
std::vector<double> rows_of(const std::string& path) {
  std::vector<double> rows;
  for (const std::string& row : all_matches(path, "[ML][0-9.]+ ([0-9.]+)")) rows.push_back(std::stod(row));
  return rows;
}

double spread(const std::vector<double>& values) {
  const auto [low, high] = std::ranges::minmax(values);
  return high - low;
}

class PageDrawings : public testing::Test {
 protected:
  std::filesystem::path written(const std::string& name, const WrittenRun& run) const {
    return write_run(folder_.path() / name, run);
  }
  std::string page_of_losses(const std::vector<double>& losses) const {
    std::string lines;
    for (size_t i = 0; i < losses.size(); ++i) lines += format("{{\"step\":{},\"loss\":{}}}\n", 5 * (i + 1), losses[i]);
    return report_page({read_run(written("a", {.metrics = lines}))});
  }

  TemporaryFolder folder_;
};

TEST_F(PageDrawings, SmoothedLinesAreSmootherThanTheValuesBehindThem) {
  std::vector<double> losses;
  for (int i = 0; i < 100; ++i) losses.push_back(1 + i % 2);
  const std::string figure = figure_of(page_of_losses(losses), "Training loss");
  const auto above = all_matches(figure, "<path class=\"line l0\" d=\"([^\"]*)\"");
  const auto behind = all_matches(figure, "<path class=\"line l0 behind\" d=\"([^\"]*)\"");
  ASSERT_THAT(above, SizeIs(1));
  ASSERT_THAT(behind, SizeIs(1));
  EXPECT_GT(spread(rows_of(behind[0])), 100);
  const std::vector<double> smooth = rows_of(above[0]);
  EXPECT_LT(spread({smooth.begin() + 50, smooth.end()}), 0.3 * spread(rows_of(behind[0])));
}

TEST_F(PageDrawings, NoSpikeOfManyPointsIsLost) {
  std::vector<double> losses(3000, 1);
  losses[1234] = 9;
  losses[2001] = 0.1;
  const auto behind =
      all_matches(figure_of(page_of_losses(losses), "Training loss"), "<path class=\"line l0 behind\" d=\"([^\"]*)\"");
  ASSERT_THAT(behind, SizeIs(1));
  const std::vector<double> rows = rows_of(behind[0]);
  EXPECT_LE(rows.size(), 400U);
  std::vector<double> sorted = rows;
  std::ranges::sort(sorted);
  EXPECT_LT(sorted[0] + 100, sorted[1]) << "the largest, at the top";
  EXPECT_GT(sorted.back(), sorted[sorted.size() - 2] + 10) << "the smallest";
}

TEST_F(PageDrawings, BaselinesAreAtTheirValues) {
  const auto run = written("a", {.metrics = R"({"step":0,"without_learning":{"zero":1.5,"blur":0.5}}
{"step":10,"val_loss":1.5}
{"step":20,"val_loss":0.5}
)"});
  const std::string figure = figure_of(report_page({read_run(run)}), "Validation loss");
  const auto dots = all_matches(figure, "<circle class=\"dot l0\"[^>]* cy=\"([^\"]*)\"");
  ASSERT_THAT(dots, SizeIs(2));
  EXPECT_NE(dots[0], dots[1]);
  EXPECT_THAT(all_matches(figure, "<line class=\"baseline\" x1=\"7[^>]* y1=\"([^\"]*)\""), ElementsAre(dots[0], dots[1]));
}

TEST_F(PageDrawings, NumbersThatNoChartCanShowAreLeftOutOfIt) {
  const std::string page = page_of_losses({1, 1e308, -1e308, 2});
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(rows_of(all_matches(page, "<path class=\"line l0\" d=\"([^\"]*)\"").at(0)), SizeIs(2));
}

TEST_F(PageDrawings, RunsWithoutEpochsSayThatTheyHaveNoCurvesOverThem) {
  const auto run = written("a", {.metrics = R"({"step":10,"loss":1})"
                                            "\n"});
  const std::string words = "a doesn&#39;t say yet how long an epoch is";
  EXPECT_THAT(report_page({read_run(run)}, {.over_epochs = true}), HasSubstr(words));
  EXPECT_THAT(report_page({read_run(run)}), Not(HasSubstr(words)));
}

TEST_F(PageDrawings, BarsAreAsLongAsTheirNumbers) {
  const auto run = written("a", {});
  Report report = accuracy_report(50, 3, {"cat", "dog"});
  report.per_class[0].values[0].second = 0.25;
  report.per_class[1].values[0].second = 1;
  write_file(run / "eval.json", report_json(report));
  EXPECT_THAT(all_matches(report_page({read_run(run)}), "width:([0-9.]+)%"), ElementsAre("25.0", "100.0"));
}

TEST_F(PageDrawings, ClassesOfSeveralTasksHaveNumbersOfTheirOwn) {
  const auto run = written("a", {});
  Report report = accuracy_report(50, 3, {});
  report.per_class = {{1, "semantic.cat", {{"IoU", 0.5}}},
                      {2, "semantic.dog", {{"IoU", 0.25}}},
                      {1, "instance.cat", {{"AP", 0.125}}},
                      {1, "panoptic.cat", {{"PQ", 0.75}}}};
  write_file(run / "eval.json", report_json(report));
  const std::string page = report_page({read_run(run)});
  const std::string classes = part_of(page, "<section id=\"classes\">", "</section>");
  EXPECT_THAT(all_matches(classes, "<data value=\"([0-9.]+)\""), ElementsAre("0.5", "0.25", "0.125", "0.75"));
  for (const char* words :
       {"IoU of each class", "AP of each class", "PQ of each class", ": IoU of 2 classes", ": PQ of 1 class<"})
    EXPECT_THAT(classes, HasSubstr(words));
}

TEST_F(PageDrawings, PicturesOfTheSameImagesStandSideBySide) {
  const auto config = [](const std::string& data) { return "seed: 0\ntask: {name: detection}\ndata: {" + data + "}\n"; };
  std::vector<RunRecord> runs;
  for (const auto& [name, data] : {std::pair{"a", "name: scenes, image_size: 96, workers: 1, fraction: 1"},
                                   {"b", "name: scenes, image_size: 128, workers: 2, fraction: 0.5"},
                                   {"c", "name: scenes, seed: 1, image_size: 96"}}) {
    const auto run = written(name, {.config = config(data)});
    write_picture(run, 10, 32);
    runs.push_back(read_run(run));
  }
  const std::string page = report_page(runs);
  const auto rows = all_matches(page, "<div class=\"pictures\">(.*?)</div>");
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_THAT(all_matches(rows[0], "(<img)"), SizeIs(2));
  EXPECT_THAT(all_matches(rows[1], "(<img)"), SizeIs(1));
}

TEST_F(PageDrawings, TheNewestPictureIsShown) {
  const auto run = written("a", {});
  for (const int64_t step : {20, 100, 30}) write_picture(run, step, 32);
  const std::string page = report_page({read_run(run)});
  EXPECT_THAT(page, HasSubstr(", step 100</figcaption>"));
  EXPECT_THAT(page, Not(HasSubstr(", step 20</figcaption>")));
}

// What it will be chosen by, before there is a checkpoint that says so.
template <class Settings>
void expect_metric_of(const std::filesystem::path& folder) {
  Vocabulary vocabulary;
  vocabulary.joints.resize(17, "joint");
  vocabulary.images = vocabulary.objects = vocabulary.labels = vocabulary.segments = {{1, "a"}};
  vocabulary.is_thing = {true};
  const std::string best = make_measure(Settings(), vocabulary)->metric().best(), name(Settings::kName);
  const auto run =
      write_run(folder / name, {.config = "task: {name: a}\neval: {metric: " + name + ", best: null}\n",
                                .metrics = R"({"step":0,"without_looking":{"other":0.5}})"
                                           "\n" +
                                           format("{{\"step\":10,\"val_other\":0.25,\"val_{}\":0.125}}\n", best)});
  const std::string runs = part_of(report_page({read_run(run)}), "<section id=\"runs\">", "</section>");
  EXPECT_THAT(runs, HasSubstr("<data value=\"0.125\"")) << name;
  EXPECT_THAT(runs, Not(HasSubstr("<data value=\"0.25\""))) << name;
}

TEST_F(PageDrawings, RunsWithoutACheckpointHaveTheMetricOfTheirTask) {
  expect_metric_of<BoxSettings>(folder_.path());
  expect_metric_of<MaskSettings>(folder_.path());
  expect_metric_of<KeypointSettings>(folder_.path());
  expect_metric_of<SemanticSettings>(folder_.path());
  expect_metric_of<PanopticSettings>(folder_.path());
  expect_metric_of<DepthSettings>(folder_.path());
  expect_metric_of<AccuracySettings>(folder_.path());
}

TEST_F(PageDrawings, OtherClassesOfOtherReportsAreThereToo) {
  std::vector<RunRecord> runs;
  for (const auto& [name, classes] : {std::pair{"a", std::vector<std::string>{"cat"}}, {"b", {"cat", "dog"}}}) {
    const auto run = written(name, {});
    Report report = accuracy_report(50, 3, classes);
    report.means_over = {{"top1", std::ssize(classes)}};
    write_file(run / "eval.json", report_json(report));
    runs.push_back(read_run(run));
  }
  const std::string page = report_page(runs);
  EXPECT_THAT(part_of(page, "<section id=\"classes\">", "</section>"), HasSubstr(">dog<"));
  const std::string evaluation = part_of(page, "<section id=\"evaluation\">", "</section>");
  EXPECT_THAT(all_matches(evaluation, "<small>N = ([0-9]+)</small>"), ElementsAre("1", "2"));
  EXPECT_THAT(evaluation, HasSubstr("b and a: the classes differ: 2 and 1; only the first has dog (id 1)"));
  EXPECT_THAT(report_page({runs[1]}), HasSubstr("top1 (N = 2)"));
}

TEST_F(PageDrawings, TheBestValidationAndTheLossesOfAnEvaluationAreThere) {
  const auto run = written("a", {.metrics = kSomeLines, .state = R"({"best":{"name":"top1","step":17,"value":0.60606}})"});
  Report report = accuracy_report(50, 3, {});
  report.losses = {{"loss", 1.2345678}, {"class", 0.7654321}};
  write_file(run / "eval.json", report_json(report));
  const std::string page = report_page({read_run(run)});
  EXPECT_THAT(part_of(page, "best so far</th>", "</tr>"), HasSubstr("<data value=\"0.60606\""));
  EXPECT_THAT(part_of(page, "best so far</th>", "</tr>"), HasSubstr("<data value=\"17\""));
  const std::string evaluation = part_of(page, "<section id=\"evaluation\">", "</section>");
  EXPECT_THAT(evaluation, HasSubstr("<data value=\"1.2345678\""));
  EXPECT_THAT(evaluation, HasSubstr("<data value=\"0.7654321\""));
}

}  // namespace
}  // namespace glid
