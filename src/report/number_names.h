// What the names of numbers stand for, for people who don't know them.
#pragma once

#include <optional>
#include <string>

#include "glid/metrics/metric.h"
#include "sections.h"

namespace glid {

struct NumberName {
  std::string words;
  std::optional<Better> better;  // none where neither more nor less is
};

// Of metrics, losses and what training logs, by the name that tables have ("mask.AP50", "rmse_ema", "loss_boxes"); none for
// a name of somebody else's.
std::optional<NumberName> number_name_of(const std::string& name);

// What people read in the place of a key that only programs understand, with the key: "loss: classes (loss_class)"; else the
// name itself.
std::string readable_name(const std::string& name);

// An arrow up where more is better, down where less is, with a space before it; else nothing: to be put behind the name.
std::string arrow_of(const std::string& name);

// A table of those that the runs and their evaluations have.
Html names_section(Runs runs);

}  // namespace glid
