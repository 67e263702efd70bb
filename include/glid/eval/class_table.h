// The numbers of every class, for the terminal (no LibTorch).
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "glid/config/value.h"
#include "glid/eval/report.h"

namespace glid {

enum class ClassOrder { kData, kName, kValue };

constexpr auto enum_names(ClassOrder) {
  return std::to_array<config::Named<ClassOrder>>({{ClassOrder::kData, "data", "as the annotations list them"},
                                                   {ClassOrder::kName, "name", "by name"},
                                                   {ClassOrder::kValue, "value", "by the first number, the best above"}});
}

// A line a class under the names of its numbers; of several tasks a table each. Of AP the ones by area and of fewer
// detections are left to JSON and CSV. Throws UsageError naming --per-class where a report has no classes.
std::string class_table(const Report& report, ClassOrder order);

// Throws UsageError naming --per-class for a metric that never has classes, before anything is evaluated.
void require_class_table(std::string_view metric);

}  // namespace glid
