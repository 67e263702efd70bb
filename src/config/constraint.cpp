#include "glid/config/constraint.h"

#include <algorithm>
#include <cmath>

#include "glid/core/format.h"

namespace glid::config {

bool Constraint::allows(double value) const {
  if (!numbers.empty() && std::find(numbers.begin(), numbers.end(), value) == numbers.end()) return false;
  return (low.open ? value > low.value : value >= low.value) && (high.open ? value < high.value : value <= high.value);
}

bool Constraint::allows(std::string_view value) const {
  return texts.empty() || std::find(texts.begin(), texts.end(), value) != texts.end();
}

std::string Constraint::range_text() const {
  const bool has_low = std::isfinite(low.value);
  const bool has_high = std::isfinite(high.value);
  if (has_low && has_high) {
    return format("in {}{}, {}{}", low.open ? '(' : '[', low.value, high.value, high.open ? ')' : ']');
  }
  if (has_low) return format("{} {}", low.open ? ">" : ">=", low.value);
  if (has_high) return format("{} {}", high.open ? "<" : "<=", high.value);
  return {};
}

Constraint positive() { return {.low = above(0)}; }
Constraint non_negative() { return {.low = 0}; }
Constraint at_least(double low) { return {.low = low}; }
Constraint in_range(End low, End high) { return {.low = low, .high = high}; }
Constraint one_of(std::initializer_list<double> numbers) { return {.numbers = numbers}; }
Constraint one_of(std::span<const std::string_view> texts) { return {.texts = {texts.begin(), texts.end()}}; }
Constraint one_of(std::initializer_list<std::string_view> texts) { return {.texts = {texts.begin(), texts.end()}}; }
Constraint path() { return {.path = PathRule::kPath}; }
Constraint path_or_empty() { return {.path = PathRule::kMayBeEmpty}; }

}  // namespace glid::config
