// The log of a run, taken apart.
#pragma once

#include <string_view>

#include "glid/report/run_record.h"

namespace glid {

// Lines begin with date and time, and an entry may have further lines without; the last one may be cut off.
RunLogRecord parse_run_log(std::string_view log);

}  // namespace glid
