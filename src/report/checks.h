// What drawing takes for granted of the JSON that a run's folder holds. All throw DataError, without the file's name.
#pragma once

#include "glid/core/json.h"

namespace glid {

// Lists of a checkpoint's vocabulary that are counted on the page.
inline constexpr const char* kShownNames[] = {"images", "objects", "labels", "segments", "joints"};

// A line of metrics.jsonl.
void check_metrics(const Json& line);
// state.json of a checkpoint.
void check_state(const Json& state);
// A report of glid_data check.
void check_data(const Json& check);
// Of glid_eval, beyond what read_report() looks at.
void check_evaluation(const Json& report);

}  // namespace glid
