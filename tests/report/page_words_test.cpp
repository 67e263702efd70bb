// Charts, names and numbers of things, as people read them on the page.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "glid/core/environment.h"
#include "glid/report/report_page.h"
#include "page_texts.h"
#include "written_runs.h"

namespace glid {
namespace {

using testing::HasSubstr;

class PageWords : public testing::Test {
 protected:
  std::string page_of(const std::string& name, const WrittenRun& run) const {
    return report_page({read_run(write_run(folder_.path() / name, run))});
  }

  TemporaryFolder folder_;
};

// Numbers between 1e-7 and 1e7, of ranges that lie in all ways between the powers of ten.
TEST_F(PageWords, EveryAxisHasThreeRowsOfNumbersThatDiffer) {
  std::string first = R"({"step":0)", last = R"({"step":100)";
  for (int i = 0; i < 60; ++i) {
    const double low = std::pow(10, -7 + i / 5.), high = low * (1.05 + i * 0.07);
    first += format(",\"loss_{}\":{}", i, low);
    last += format(",\"loss_{}\":{}", i, high);
  }
  const std::string page = page_of("a", {.metrics = first + "}\n" + last + "}\n"});
  const std::vector<std::string> charts = all_matches(page, "(<svg class=\"chart\"[^]*?</svg>)");
  ASSERT_EQ(charts.size(), 60U);
  for (const std::string& chart : charts) {
    const auto rows = all_matches(chart, "text-anchor=\"end\">([^<]*)<");
    EXPECT_GE(rows.size(), 3U) << chart;
    EXPECT_LE(rows.size(), 9U);
    EXPECT_EQ(std::set(rows.begin(), rows.end()).size(), rows.size()) << testing::PrintToString(rows);
    for (const std::string& row : rows) EXPECT_LE(row.size(), 8U) << row << " is cut off at the left";
    EXPECT_GE(all_matches(chart, "text-anchor=\"middle\">([^<]*)<").size(), 4U) << "three columns and the name of the axis";
  }
}

TEST_F(PageWords, NamesAreBrokenBetweenTheirWordsAndNumbersNowhere) {
  const std::string page = page_of("swin_lr_3e-4", {.config = "seed: 1\nout: a\n", .metrics = kSomeLines});
  EXPECT_THAT(page, HasSubstr("<h1>swin_<wbr>lr_<wbr><span class=\"whole\">3e-4</span></h1>"));
  EXPECT_THAT(page, HasSubstr("<title>swin_lr_3e-4</title>"));
  const auto a = write_run(folder_.path() / "x", {.config = "optim: {lr: 0.001}\ndata: {root: /a/b.c}\n"});
  const auto b = write_run(folder_.path() / "y", {.config = "optim: {lr: 1.5e-05}\ndata: {root: /a/b.d}\n"});
  const std::string both = report_page({read_run(a), read_run(b)});
  EXPECT_THAT(both, HasSubstr("<code>optim.<wbr>lr</code></th><td>0.001</td><td><span class=\"whole\">1.5e-05</span></td>"));
  EXPECT_THAT(both, HasSubstr("<td>/<wbr>a/<wbr>b.<wbr>c</td>"));
}

TEST_F(PageWords, TheOpeningSaysWhatThePageIsAndWhoMadeIt) {
  write_file(folder_.path() / "theirs.json", report_json(accuracy_report(20, 3, {})));
  const std::vector<RunRecord> runs{read_run(write_run(folder_.path() / "a", {.log = kSomeLog})),
                                    read_run(write_run(folder_.path() / "b", {.config = "task: {name: depth}\n"})),
                                    read_run(folder_.path() / "theirs.json")};
  const std::string page = report_page(runs, {.made_at = "2026-01-31 12:34 UTC"});
  EXPECT_THAT(page, HasSubstr("shows 2 runs and 1 evaluation of models that learn from images with GLID: a (detection), "
                              "b (depth), theirs (an evaluation alone). "));
  EXPECT_THAT(page, HasSubstr("Made on 2026-01-31 12:34 UTC by glid_report " + version_text()));
  EXPECT_THAT(
      page, HasSubstr("<td><span class=\"whole\">2026-01-02</span> 03:04:07</td><td>0.1.0 (commit 39a784a12345)</td></tr>"));
  EXPECT_THAT(report_page({runs[0]}), HasSubstr("shows 1 run of models"));
  EXPECT_THAT(report_page({runs[0]}), HasSubstr("Made by glid_report "));
  EXPECT_THAT(report_page({runs[2]}), HasSubstr("shows 1 evaluation of models"));
}

TEST_F(PageWords, NumbersHaveFourDigitsButCountsHaveAll) {
  const std::string page =
      page_of("a", {.metrics = R"({"step":1234567,"val_a":0.123456,"val_b":12345.678,"val_c":1.23456e-07,"val_d":123456.0,)"
                               R"("val_e":0.99999,"val_f":-123.456,"val_g":1.23456e+12})"});
  for (const char* text : {">1234567<", ">0.1235<", ">12350<", ">1.235e-07<", ">123456<", ">1<", ">-123.5<", ">1.235e+12<"})
    EXPECT_THAT(page, HasSubstr(text + std::string("/data>")));
}

TEST_F(PageWords, NamesOfNumbersAreExplainedWithWhatIsBetter) {
  const std::string page = page_of(
      "a", {.metrics = R"({"step":1,"loss":1,"lr":0.1,"loss_boxes_layer1":2,"val_AP":0.5,"val_mask.AP50_ema":0.5,)"
                       R"("val_AR_64-256":0.5,"val_PCK@0.1_ema":1,"val_PQ_st":0.1,"val_rmse":2,"val_somebodys":3})"});
  const auto rows = all_matches(page.substr(page.find("<section id=\"names\">")), "<tr><th scope=\"row\">(.*?)</td></tr>");
  std::vector<std::string> names;
  for (const std::string& row : rows) names.push_back(std::regex_replace(row, std::regex("<wbr>|</th>.*<td>"), "|"));
  EXPECT_THAT(page,
              HasSubstr("<td>AP where an overlap (IoU; of poses OKS) of 0.5 is enough; of averaged weights (EMA)</td>"));
  EXPECT_THAT(page, HasSubstr("<td>AR of objects with an area of 64-256 pixels</td>"));
  EXPECT_THAT(names, testing::Contains("loss|lower \u2193"));
  EXPECT_THAT(names, testing::Contains("lr|"));
  EXPECT_THAT(names, testing::Contains("AP|higher \u2191"));
  EXPECT_THAT(names, testing::Contains("rmse|lower \u2193"));
  for (const char* name : {"PCK@0.1_|ema", "PQ_|st", "mask.|AP50_|ema"})
    EXPECT_THAT(names, testing::Contains(std::string(name) + "|higher \u2191"));
  for (const std::string& name : names) EXPECT_EQ(name.find("somebodys"), std::string::npos);
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">somebodys</th>"));
  EXPECT_THAT(page, testing::Not(HasSubstr("loss_boxes_layer1")));
}

TEST_F(PageWords, PartsOfTheLossAreReadableWithTheirKeys) {
  const std::string page =
      page_of("a", {.metrics = R"({"step":1,"loss":1,"loss_l1":2,"loss_many_class":1,"loss_semantic.dice":1,"loss_new":1}
{"step":1,"val_loss":1,"val_giou":2})"});
  for (const char* words :
       {"loss: sides of boxes, L1 (loss_l1)", "loss: classes, of the one-to-many queries (loss_many_class)",
        "loss: overlap of masks, dice (loss_semantic.dice)", "loss: overlap of boxes, GIoU (giou) on validation images"})
    EXPECT_THAT(page, HasSubstr(words));
  EXPECT_THAT(page, HasSubstr("<td>the part of the loss that is about sides of boxes, L1</td>"));
  EXPECT_THAT(page, HasSubstr("<td>a part of the loss</td>")) << "one that nobody has named";
  const std::string row = page.substr(page.find("<section id=\"validation\">"));
  EXPECT_THAT(row.substr(0, row.find("</section>")), HasSubstr("GIoU (giou) \u2193</th>"));
}

TEST_F(PageWords, PicturesSayWhatTheyShow) {
  for (const auto& [task, words] :
       {std::pair{"detection", "with the predicted boxes with their classes and scores, and the"},
        {"depth", "its predicted depth, and the true one"},
        {"masked_image", "what it predicts of the rest"},
        {"supervised", "with the predicted class with its score, and the true class"},
        {"beit", "the predicted codes of the rest"},
        {"aim", "with what is not predicted of the image"},
        {"multitask", "with what is predicted, and what is true"},
        {"of_another_time", "with columns that its first line names"}}) {
    const auto run = write_run(folder_.path() / task, {.config = std::string("task: {name: ") + task + "}\n"});
    write_picture(run, 10, 32);
    const std::string page = report_page({read_run(run)});
    EXPECT_THAT(page, HasSubstr(words));
    EXPECT_THAT(page, HasSubstr("the score from which on they are drawn"));
  }
}

TEST_F(PageWords, RunsWithoutPicturesSayWhy) {
  const auto off = write_run(folder_.path() / "off", {.config = "log: {pictures_every_steps: 0}\n"});
  const auto begun = write_run(folder_.path() / "begun", {.config = "log: {pictures_every_steps: 500}\n"});
  const auto drawn = write_run(folder_.path() / "drawn", {});
  write_picture(drawn, 10, 32);
  write_file(folder_.path() / "theirs.json", report_json(accuracy_report(20, 3, {})));
  const RunRecord theirs = read_run(folder_.path() / "theirs.json");
  const std::string page = report_page({read_run(off), read_run(begun), read_run(drawn), theirs});
  EXPECT_THAT(page,
              HasSubstr("<li>off draws no pictures: log.pictures_every_steps is 0</li>"
                        "<li>begun has drawn no picture yet: it does every 500 steps, and at its end</li></ul></section>"));
  EXPECT_THAT(report_page({read_run(begun)}), HasSubstr("<h2>Pictures</h2><ul><li>begun has drawn no picture yet"));
  EXPECT_THAT(report_page({theirs}), testing::Not(HasSubstr("Pictures")));
}

TEST_F(PageWords, OneIsSingular) {
  const auto run =
      write_run(folder_.path() / "one",
                {.metrics = std::string(kSomeLines) + R"({"step":30,"lo)",
                 .log = "2026-01-02 03:04:07 1 training image, 1 to validate on; 1 step of 1 image, 1 an epoch\n"
                        "2026-01-02 03:04:08 warning: slow disk\n"});
  write_file(run / "eval.json", report_json(accuracy_report(1, 2, {"cat"})));
  write_file(run / "data.json", R"({"dataset":"coco","splits":[{"split":"val","images":1,"findings":[{}],"classes":{}}]})");
  const std::string page = report_page({read_run(run)});
  for (const char* words : {"accuracy, 1 image<", "accuracy, 1 image: top1 of 1 class<", "1 damaged line of",
                            "1 warning in the log of one", "val: 1 image, 1 finding.", "</data> of 1<"})
    EXPECT_THAT(page, HasSubstr(words));
  for (const std::string& word : all_matches(page, "[^0-9.]1 ([a-z]+[^s]s)[^a-z]")) ADD_FAILURE() << "1 " << word;
}

TEST_F(PageWords, RunsOfAnotherTaskHaveChartsOfTheirOwnInTheirColors) {
  const auto run = [&](const std::string& name, const std::string& task, double loss) {
    const std::string config = task.empty() ? "seed: 1\n" : format("task: {{name: {}}}\n", task);
    return read_run(
        write_run(folder_.path() / name, {.config = config, .metrics = format(R"({{"step":1,"loss":{}}})", loss)}));
  };
  const std::vector<RunRecord> runs{run("a", "detection", 9), run("b", "depth", 0.1), run("c", "detection", 8),
                                    run("d", "", 1)};
  const std::string page = report_page(runs);
  EXPECT_THAT(all_matches(page, "role=\"img\" aria-label=\"Training loss. ([^\"]*)\""),
              testing::ElementsAre("loss over steps. a: 9 at 1 to 9 at 1. c: 8 at 1 to 8 at 1.",
                                   "loss over steps. b: 0.1 at 1 to 0.1 at 1.", "loss over steps. d: 1 at 1 to 1 at 1."));
  EXPECT_THAT(all_matches(page, "<h3>(Of [^<]*)</h3>"),
              testing::ElementsAre("Of task detection", "Of task depth", "Of a task that is not known"));
  EXPECT_THAT(all_matches(page, "<path class=\"line (l[0-9])\""), testing::ElementsAre("l0", "l2", "l1", "l3"));
  EXPECT_THAT(report_page({runs[0], runs[2]}), testing::Not(HasSubstr("Of task")));
}

TEST_F(PageWords, RunsOfAnotherTaskHaveATableOfTheirOwn) {
  const char* detection = "task: {name: detection}\n";
  const auto a = write_run(folder_.path() / "a", {.config = detection, .metrics = R"({"step":20,"val_AP":0.5})"});
  const auto b = write_run(folder_.path() / "b", {.config = detection, .metrics = R"({"step":30,"val_AP":0.6})"});
  const auto c =
      write_run(folder_.path() / "c", {.config = "task: {name: depth}\n", .metrics = R"({"step":40,"val_rmse":3})"});
  const std::string page = report_page({read_run(a), read_run(c), read_run(b)});
  EXPECT_THAT(page, HasSubstr("training: detection</caption>"));
  EXPECT_THAT(page,
              HasSubstr("<th scope=\"row\">AP \u2191</th><td><data value=\"0.5\">0.5</data></td><td><data value=\"0.6\">"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">rmse \u2193</th><td><data value=\"3\">3</data></td></tr>"));
}

}  // namespace
}  // namespace glid
