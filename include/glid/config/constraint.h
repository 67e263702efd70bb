// What a value must be beyond its type; applied to every element of a list, shown by help and by messages.
#pragma once

#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glid::config {

// One end of a range: in_range(0, below(1)) is [0, 1).
struct End {
  double value;
  bool open = false;
  constexpr End(double end, bool is_open = false) : value(end), open(is_open) {}
};
constexpr End above(double low) { return {low, true}; }
constexpr End below(double high) { return {high, true}; }

// Texts that name a file or a folder: read() puts the home folder in the place of a leading ~.
enum class PathRule { kNone, kPath, kMayBeEmpty };

struct Constraint {
  End low = -std::numeric_limits<double>::infinity();
  End high = std::numeric_limits<double>::infinity();
  std::vector<double> numbers;     // where not empty, the only numbers allowed
  std::vector<std::string> texts;  // where not empty, the only texts allowed
  PathRule path = PathRule::kNone;

  bool allows(double value) const;
  bool allows(std::string_view value) const;
  // "> 0", ">= 0", "in [0, 1)", or empty; the closed lists are not part of it.
  std::string range_text() const;
};

Constraint positive();
Constraint non_negative();
Constraint at_least(double low);
Constraint in_range(End low, End high);
Constraint one_of(std::initializer_list<double> numbers);
Constraint one_of(std::initializer_list<std::string_view> texts);
Constraint one_of(std::span<const std::string_view> texts);
Constraint path();
Constraint path_or_empty();

}  // namespace glid::config
