// The cells below the charts and the names in the legends, beside the lines of metrics.jsonl that they come from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "glid/core/json_lines.h"
#include "glid/report/report_page.h"
#include "page_texts.h"
#include "written_runs.h"

namespace glid {
namespace {

using testing::ElementsAre;
using Texts = std::vector<std::string>;

std::string words_of(const std::string& markup) { return std::regex_replace(markup, std::regex("<[^>]*>"), ""); }

// A chart as it stands on the page.
struct ShownChart {
  Texts legend, heads;      // words
  std::vector<Texts> rows;  // the numbers as the attribute `value` has them; "" for an empty cell
};

ShownChart chart_of(const std::string& page, const std::string& title) {
  const size_t begin = page.find("<figure><figcaption>" + title + "</figcaption>");
  if (begin == std::string::npos) return {};
  const std::string figure = page.substr(begin, page.find("</figure>", begin) - begin);
  ShownChart chart;
  for (const std::string& item : all_matches(figure, "<li>(.*?)</li>")) chart.legend.push_back(words_of(item));
  for (const std::string& head : all_matches(figure, "<th scope=\"col\">(.*?)</th>")) chart.heads.push_back(words_of(head));
  for (const std::string& row : all_matches(figure, "<tr>(<th scope=\"row\">.*?)</tr>")) {
    Texts& cells = chart.rows.emplace_back();
    for (const std::string& cell : all_matches(row, "<t[hd][^>]*>(.*?)</t[hd]>")) {
      const Texts values = all_matches(cell, "<data value=\"([^\"]*)\"");
      cells.push_back(values.empty() ? words_of(cell) : values.front());
    }
  }
  return chart;
}

// What the files of the runs have under a key, as rows of the table; of one run every n-th point and the last.
std::vector<Texts> expected_rows(const std::vector<std::filesystem::path>& runs, const std::string& key, size_t every) {
  std::map<int64_t, Texts> rows;
  for (size_t n = 0; n < runs.size(); ++n) {
    std::vector<const Json*> points;
    const JsonLines lines = read_json_lines(runs[n] / "metrics.jsonl", "step");
    for (const Json& line : lines.whole)
      if (line.find(key) != nullptr && !line.at(key).is_null()) points.push_back(&line);
    for (size_t i = 0; i < points.size(); ++i) {
      if (i % every != 0 && i + 1 != points.size()) continue;
      Texts& row = rows.try_emplace(points[i]->at("step").as_int(), Texts(runs.size() + 1)).first->second;
      row[0] = points[i]->at("step").dump();
      row[n + 1] = points[i]->at(key).dump();
    }
  }
  std::vector<Texts> list;
  for (const auto& [step, row] : rows) list.push_back(row);
  return list;
}

class ChartNumbers : public testing::Test {
 protected:
  // Losses each `every` steps, a metric each twenty; other numbers for other seeds.
  std::filesystem::path written(const std::string& name, int steps, int every, double seed) const {
    std::string lines = R"({"step":0,"without_learning":{"zero":1.5}})"
                        "\n"
                        R"({"step":0,"without_looking":{"AP":0.0312345678}})"
                        "\n";
    for (int step = every; step <= steps; step += every) {
      lines += format("{{\"step\":{},\"epoch\":{},\"loss\":{}}}\n", step, step / 10., seed / step);
      if (step % 20 == 0)
        lines += format("{{\"step\":{},\"val_loss\":{},\"val_AP\":{}}}\n", step, 2 / seed, seed * step / 7);
    }
    return write_run(folder_.path() / name, {.metrics = lines});
  }

  TemporaryFolder folder_;
};

TEST_F(ChartNumbers, CellsAreThoseOfTheFiles) {
  const std::vector<std::filesystem::path> runs{written("a", 40, 5, 1), written("b_c", 60, 20, 3.3)};
  const std::string page = report_page({read_run(runs[0]), read_run(runs[1])});
  const std::vector<std::pair<std::string, std::string>> charts{
      {"Training loss", "loss"}, {"Validation loss", "val_loss"}, {"AP on validation images", "val_AP"}};
  for (const auto& [title, key] : charts) {
    const ShownChart chart = chart_of(page, title);
    EXPECT_THAT(chart.heads, ElementsAre("steps", "a", "b_c")) << title;
    EXPECT_FALSE(chart.rows.empty());
    EXPECT_EQ(chart.rows, expected_rows(runs, key, 1)) << title;
  }
  EXPECT_EQ(chart_of(page, "AP on validation images").rows[2][1], "") << "the shorter run has nothing at step 60";
}

TEST_F(ChartNumbers, OfManyPointsEveryNthAndTheLastAreThere) {
  const auto run = written("a", 605, 5, 1);  // 121 points: every third
  const ShownChart chart = chart_of(report_page({read_run(run)}), "Training loss");
  EXPECT_EQ(chart.rows, expected_rows({run}, "loss", 3));
  EXPECT_EQ(chart.rows.size(), 41U);
}

TEST_F(ChartNumbers, LegendsNameTheRunsThatHavePointsAndWhatKnowsNothing) {
  const std::vector<std::filesystem::path> runs{written("a", 200, 5, 1), written("b_c", 60, 20, 3.3),
                                                write_run(folder_.path() / "begun", {.metrics = R"({"step":1,"lr":1})"})};
  const std::string page = report_page({read_run(runs[0]), read_run(runs[1]), read_run(runs[2], "c")});
  EXPECT_THAT(chart_of(page, "Training loss").legend, ElementsAre("a: EMA over 10 steps, values behind", "b_c"));
  EXPECT_THAT(chart_of(page, "Validation loss").legend, ElementsAre("a", "b_c", "without learning, zero 1.5"));
  EXPECT_THAT(chart_of(page, "AP on validation images").legend,
              ElementsAre("a", "b_c", "without looking at the images 0.03123"));
  EXPECT_THAT(chart_of(page, "lr").legend, ElementsAre("c"));
  EXPECT_THAT(chart_of(page, "lr").heads, ElementsAre("steps", "c")) << "no empty columns";
}

TEST_F(ChartNumbers, OneEpochIsSingular) {
  const auto run = written("a", 250, 5, 1);  // 25 epochs
  EXPECT_THAT(chart_of(report_page({read_run(run)}, {.over_epochs = true}), "Training loss").legend,
              ElementsAre("a: EMA over 1 epoch, values behind"));
}

}  // namespace
}  // namespace glid
