// Evaluations that a run has left behind don't stand beside its newer numbers without a word.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/report/report_page.h"
#include "page_texts.h"
#include "written_runs.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class OldEvaluations : public testing::Test {
 protected:
  // A run at step 20, which has its newest checkpoint, with its best at step 15.
  void write_run_at_20(const std::string& metrics = kSomeLines) const {
    write_run(run_, {.metrics = metrics, .state = R"({"step": 20, "best": {"name": "top1", "value": 0.5, "step": 15}})"});
  }
  void evaluate(const std::string& name, int step, const std::string& weights = "raw") const {
    Report report = accuracy_report(20, 3, {});
    report.model = {{"checkpoint", format("runs/a/checkpoints/step_{:08} (as given)", step)}, {"weights", weights}};
    write_file(run_ / (name + ".json"), report_json(report));
  }
  std::vector<std::string> notes() const {
    return all_matches(report_page({read_run(run_)}), "<li>(a: [^<]*, while the run is at [^<]*)</li>");
  }

  TemporaryFolder folder_;
  const std::filesystem::path run_ = folder_.path() / "a";
};

TEST_F(OldEvaluations, OfTheBestAndTheNewestNothingIsSaid) {
  write_run_at_20();
  evaluate("eval", 15);
  evaluate("eval_last", 20);
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(OldEvaluations, OfOneRunMakeOneNote) {
  write_run_at_20();
  evaluate("eval", 10);
  evaluate("eval_ema", 5, "ema");
  evaluate("eval_last", 20);
  EXPECT_THAT(notes(),
              ElementsAre("a: eval is of step 10, weights raw; eval_ema is of step 5, weights ema, while the run is at "
                          "step 20, its best checkpoint at step 15: evaluate it anew to have numbers of one model"));
}

// Killed behind its newest checkpoint, or still going.
TEST_F(OldEvaluations, TheNewestCheckpointIsNotOldWhereTheRunHasGoneOn) {
  write_run_at_20(std::string(kSomeLines) + "{\"step\":25,\"loss\":0.5}\n{\"step\":30,\"lo");
  evaluate("eval", 20);
  EXPECT_THAT(notes(), IsEmpty());
  evaluate("eval", 10);
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("while the run is at step 25, its best")));
}

TEST_F(OldEvaluations, RunsWithoutACheckpointAreAtTheirLastNumbers) {
  write_run(run_, {.metrics = kSomeLines});
  evaluate("eval", 20);
  EXPECT_THAT(notes(), IsEmpty());
  evaluate("eval", 10);
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("eval is of step 10, weights raw, while the run is at step 20: ")));
}

TEST_F(OldEvaluations, TablesNameStepAndWeights) {
  write_run_at_20();
  evaluate("eval", 20, "ema");
  const std::string page = report_page({read_run(run_)});
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">step</th><td><data value=\"20\">20</data></td></tr>"
                              "<tr><th scope=\"row\">weights</th><td>ema</td></tr>"));
}

}  // namespace
}  // namespace glid
