#include "glid/report/report_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "glid/core/json.h"
#include "written_runs.h"

namespace glid {
namespace {

using testing::HasSubstr;
using testing::Not;

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (size_t place = text.find(part); place != std::string::npos; place = text.find(part, place + 1)) ++found;
  return found;
}

std::string datum(const Json& number) { return "<data value=\"" + number.dump() + "\""; }

class ReportPage : public testing::Test {
 protected:
  std::filesystem::path written(const std::string& name, const WrittenRun& run) const {
    return write_run(folder_.path() / name, run);
  }

  TemporaryFolder folder_;
};

TEST_F(ReportPage, HasEveryNumberOfTheMetricsToTheDigit) {
  const std::string page = report_page({read_run(written("a", {.metrics = kSomeLines}))});
  for (const char* number : {"1.0312345678", "0.81", "0.2512345678", "0.91234567891234", "0.71234567891234", "1e-05",
                             "0.00015", "0.65432109876", "0.51234567", "1.5"})
    EXPECT_THAT(page, HasSubstr("<data value=\"" + std::string(number) + "\"")) << number;
  EXPECT_THAT(page, HasSubstr("title=\"0.91234567891234\">0.9123</data>")) << "four digits for people";
}

TEST_F(ReportPage, HasEveryNumberOfAnEvaluationToTheDigit) {
  const auto a = written("a", {}), b = written("b", {});
  const Report of_a = accuracy_report(50, 3, {"cat", "dog"}), of_b = accuracy_report(50, 10, {"cat", "dog"});
  write_file(a / "eval.json", report_json(of_a));
  write_file(b / "eval.json", report_json(of_b));
  const std::string page = report_page({read_run(a), read_run(b)});
  for (const Report* report : {&of_a, &of_b}) {
    for (const auto& [name, value] : report->metrics) EXPECT_THAT(page, HasSubstr(datum(*value))) << name;
    for (const SampledValue& value : report->bootstrap->values) {
      const Interval interval = interval_of(value.samples, kConfidence).value();
      EXPECT_THAT(page, HasSubstr(datum(interval.low)));
      EXPECT_THAT(page, HasSubstr(datum(interval.high)));
    }
    for (const ReportRow& row : report->per_class) EXPECT_THAT(page, HasSubstr(datum(*row.values[0].second)));
  }
  EXPECT_THAT(page, HasSubstr(datum(0.123456789)));
  const MetricDifference first = differences(*of_a.bootstrap, *of_b.bootstrap, kConfidence).front();
  const std::string text =
      format("{:+.4g} [{:+.4g}, {:+.4g}] better", *first.difference, first.interval->low, first.interval->high);
  EXPECT_THAT(page, HasSubstr(text));
}

TEST_F(ReportPage, EvaluationsOfOtherImagesStandApartAndSaySo) {
  const auto a = written("a", {}), b = written("b", {}), c = written("c", {});
  write_file(a / "eval.json", report_json(accuracy_report(50, 3, {})));
  write_file(b / "eval.json", report_json(accuracy_report(40, 3, {})));
  Report other = accuracy_report(50, 3, {});
  other.bootstrap.reset();
  other.image_hash = image_hash({"others"});
  write_file(c / "eval.json", report_json(other));
  const std::string page = report_page({read_run(a), read_run(b), read_run(c)});
  EXPECT_THAT(page, HasSubstr("accuracy, 50 images"));
  EXPECT_THAT(page, HasSubstr("accuracy, 40 images"));
  EXPECT_THAT(page, HasSubstr("no differences of c and a: "));
}

TEST_F(ReportPage, EvaluationsThatDoNotTellTheirImagesSaySo) {
  const auto a = written("a", {}), b = written("b", {});
  Report old = accuracy_report(50, 3, {});
  write_file(a / "eval.json", report_json(old));
  old.image_hash.clear();
  write_file(b / "eval.json", report_json(old));
  EXPECT_THAT(report_page({read_run(a), read_run(b)}), HasSubstr("b and a: whether both are of the same images can"));
  EXPECT_THAT(report_page({read_run(a), read_run(a, "again")}), Not(HasSubstr("of the same images can")));
}

TEST_F(ReportPage, RunsThatHaveNotGotFarHaveOneToo) {
  const auto begun = written("begun", {.config = "", .log = "2026-01-02 03:04:05 hello"});
  const auto torn = written("torn", {.metrics = std::string(kSomeLines) + R"({"step":30,"lo)", .log = kSomeLog});
  write_file(torn / "run.lock", "host 1 2\n");
  std::filesystem::create_directories(torn / "pictures");
  write_file(torn / "pictures" / "step_00000010.png", "\x89PNG half");
  const std::string page = report_page({read_run(begun), read_run(torn)});
  EXPECT_THAT(page, HasSubstr("torn: left out: 1 damaged line of metrics.jsonl"));
  EXPECT_THAT(page, HasSubstr("<td>going on</td>"));
  EXPECT_THAT(page, HasSubstr("ended without its last word"));
  EXPECT_THAT(page, HasSubstr("<data value=\"20\">20</data> of 60"));
  EXPECT_THAT(page, HasSubstr("step_00000010.png: "));
}

TEST_F(ReportPage, NamesAreTextWhateverIsInThem) {
  const std::string bad = "<script>alert('\"&1')</script>";
  const auto run =
      written("a", {.config = "out: \"" + std::string("<script>b</script>") + "\"\n",
                    .metrics = "{\"step\":1,\"val_<script>c</script>\":1,\"<script>d</script>\":2}\n",
                    .log = std::string(kSomeLog) + "2026-01-02 03:04:08 warning: <script>e</script> \xFF \x01\n"});
  write_file(run / "eval.json", report_json(accuracy_report(20, 3, {bad})));
  const std::string page = report_page({read_run(run, bad)});
  EXPECT_EQ(count(page, "<script"), 0);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;&quot;&amp;1&#39;)&lt;/script&gt;"));
  for (const char letter : {'b', 'c', 'd', 'e'}) EXPECT_THAT(page, HasSubstr("&lt;script&gt;" + std::string(1, letter)));
  EXPECT_THAT(page, HasSubstr("\\xFF ?"));
}

TEST_F(ReportPage, ConfigurationsShowTheirDifferencesAlone) {
  const auto a = written("a", {.config = "out: runs/a\nseed: 0\noptim: {lr: 0.001, betas: [0.9, 0.95]}\n"});
  const auto b = written("b", {.config = "out: runs/b\nseed: 0\noptim: {lr: 0.002, betas: [0.9, 0.95]}\n"});
  const auto only_log = written("c", {.config = "", .log = kSomeLog});
  const std::string page = report_page({read_run(a), read_run(b), read_run(only_log)});
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\"><code>optim.<wbr>lr</code></th><td>0.001</td><td>0.002</td><td></td>"));
  for (const char* same : {"<code>seed", "<code>optim.<wbr>betas", "<code>out"}) EXPECT_THAT(page, Not(HasSubstr(same)));
  const std::string equal = report_page({read_run(a), read_run(a, "again")});
  EXPECT_THAT(equal, HasSubstr("The configurations are equal"));
}

TEST_F(ReportPage, EveryPictureAndChartHasWords) {
  const auto a = written("a", {.metrics = kSomeLines}), b = written("b", {.metrics = kSomeLines});
  write_picture(a, 10, 32);
  write_picture(b, 20, 32);
  const std::string page = report_page({read_run(a), read_run(b)});
  EXPECT_EQ(count(page, "<img "), 2);
  EXPECT_EQ(count(page, "alt=\"What the model of "), 2);
  const int charts = count(page, "class=\"chart\"");
  EXPECT_GE(charts, 4);
  EXPECT_EQ(count(page, "role=\"img\""), charts);
  EXPECT_EQ(count(page, "<summary>Numbers</summary>"), charts);
}

TEST_F(ReportPage, BaselinesThatAllRunsShareAreDrawnOnce) {
  const auto a = written("a", {.metrics = kSomeLines}), b = written("b", {.metrics = kSomeLines});
  const auto c = written("c", {.metrics = std::regex_replace(kSomeLines, std::regex("1.0312345678"), "1.5")});
  EXPECT_EQ(count(report_page({read_run(a), read_run(b)}), "without learning, zero "), 1);
  const std::string page = report_page({read_run(a), read_run(c)});
  EXPECT_THAT(page, HasSubstr("a: without learning, zero "));
  EXPECT_THAT(page, HasSubstr("c: without learning, zero "));
  const auto other_task = written("d", {.metrics = R"({"step":20,"val_loss":7})"});
  EXPECT_THAT(report_page({read_run(a), read_run(other_task)}), HasSubstr("a: without learning, zero "));
  const auto nothing_yet = written("e", {.metrics = R"({"step":0,"without_learning":{"zero":3}})"});
  EXPECT_EQ(count(report_page({read_run(a), read_run(nothing_yet)}), ": without learning, "), 0);
}

TEST_F(ReportPage, CurvesCanBeOverEpochs) {
  const RunRecord run = read_run(written("a", {.metrics = kSomeLines}));
  EXPECT_THAT(report_page({run}), HasSubstr("val_loss over steps. a: 0.654321 at 20 to"));
  EXPECT_THAT(report_page({run}, {.over_epochs = true}), HasSubstr("val_loss over epochs. a: 0.654321 at 1 to"));
}

TEST_F(ReportPage, SixLongRunsCanBeSent) {
  std::string lines;
  for (int step = 1; step <= 3000; ++step) {
    lines += format("{{\"step\":{},\"epoch\":{},\"loss\":{},\"lr\":{}", step, step / 10., 1. / step, step * 1e-7);
    for (int term = 0; term < 20; ++term) lines += format(",\"loss_{}\":{}", term, 1. / (step + term));
    lines += "}\n";
  }
  std::vector<RunRecord> runs;
  std::vector<std::string> classes;
  for (int c = 0; c < 150; ++c) classes.push_back(format("class {}", c));
  for (int i = 0; i < 6; ++i) {
    const auto run = written(format("run{}", i), {.metrics = lines});
    write_picture(run, 10, 800);
    write_file(run / "eval.json", report_json(accuracy_report(50, 3 + i, classes)));
    runs.push_back(read_run(run));
  }
  const std::string page = report_page(runs);
  EXPECT_LT(page.size(), 5'000'000U);
  EXPECT_EQ(count(page, "<img "), 6);
  EXPECT_EQ(page, report_page(runs)) << "the same files make the same bytes";
}

TEST_F(ReportPage, NeedsNothingBesideIt) {
  const auto run = written("a", {.metrics = kSomeLines, .log = kSomeLog});
  write_picture(run, 10, 32);
  const std::string page = report_page({read_run(run)});
  for (const char* outside : {"http:", "https:", "src=\"/", "url(", "@import", "<script"})
    EXPECT_EQ(count(page, outside), 0);
  EXPECT_EQ(count(page, "src=\""), count(page, "src=\"data:"));
}

}  // namespace
}  // namespace glid
