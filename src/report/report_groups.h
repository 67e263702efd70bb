// Reports of evaluations that can be laid side by side.
#pragma once

#include <string>
#include <vector>

#include "sections.h"

namespace glid {

struct ReportColumn {
  size_t run = 0;
  std::string name;  // "ours", or "ours: eval_flip" where a run has several
  const Json* report = nullptr;
};

// Of one task, by one protocol with the same rules, of as many images.
struct ReportGroup {
  std::string task, protocol, rules;
  int64_t images = 0;
  std::vector<ReportColumn> columns;  // as the runs come

  std::string title() const;
};

// Valid as long as the runs.
std::vector<ReportGroup> report_groups(Runs runs);

// A line for each run whose evaluations in its folder are neither of its best checkpoint nor of its newest.
std::vector<std::string> notes_of_old_evaluations(Runs runs);

// The columns' names behind the colours of their runs.
std::vector<Html> heads_of(const ReportGroup& group, Runs runs, std::string_view first);

}  // namespace glid
