// For programs that evaluate results (target glid::scoring): evaluate_files() of files of any program, measures of predictions
// that are handed over one by one, reports of both, and errors.
#pragma once

#include "glid/core/error.h"
#include "glid/eval/evaluate_files.h"
#include "glid/eval/measure.h"
#include "glid/eval/report.h"
