#include "glid/config/nearest.h"

#include <algorithm>
#include <numeric>

namespace glid::config {
namespace {

constexpr size_t kMaxName = 1000;  // characters; longer ones are no typos, and a comparison takes their product

// Edit distance with swaps of neighbours (optimal string alignment), row by row.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> cost(b.size() + 1), before(cost.size()), before_that(cost.size());
  std::iota(cost.begin(), cost.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before_that.swap(before);
    before.swap(cost);
    cost[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[j] = std::min({replaced, before[j] + 1, cost[j - 1] + 1});
      const bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) cost[j] = std::min(cost[j], before_that[j - 2] + 1);
    }
  }
  return cost.back();
}

size_t difference(size_t a, size_t b) { return a < b ? b - a : a - b; }

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  std::string best;
  if (name.size() > kMaxName) return best;
  size_t fewest = 2 + name.size() / 4;
  for (const std::string& candidate : known) {
    if (difference(name.size(), candidate.size()) >= fewest) continue;
    const size_t edits = edit_distance(name, candidate);
    if (edits < fewest && edits < candidate.size()) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(const std::string& name) { return name.empty() ? "" : "did you mean " + name + "?"; }

}  // namespace glid::config
