// The parts of the page. Each is empty where no run has anything to say on it.
#pragma once

#include <span>
#include <string>

#include "glid/report/run_record.h"
#include "html.h"

namespace glid {

using Runs = std::span<const RunRecord>;

enum class CurveAxis { kSteps, kEpochs };

// What the page is; `made_at` as a text, empty: it doesn't say.
Html opening(Runs runs, const std::string& made_at);
Html overview_section(Runs runs);
Html curves_section(Runs runs, CurveAxis axis);
// What validations while training found, the best and the last, beside what knows nothing.
Html validation_section(Runs runs);
// Reports of glid_eval: those of the same images and rules in one table.
Html evaluation_section(Runs runs);
Html class_section(Runs runs);
Html picture_section(Runs runs);
Html config_section(Runs runs);
Html weights_section(Runs runs);
Html data_section(Runs runs);
Html environment_section(Runs runs);

// The run's name behind its colour.
Html run_label(Runs runs, size_t run);
// The head of a table with a column for each run.
std::vector<Html> run_columns(Runs runs, std::string_view first);

}  // namespace glid
