#include "glid/tasks/task.h"

#include <algorithm>
#include <numeric>

namespace glid {

std::map<std::string, double> sums_of(const LossCounts& counts) {
  std::map<std::string, double> sums;
  for (const auto& [name, of_pictures] : counts) sums[name] = std::accumulate(of_pictures.begin(), of_pictures.end(), 0.0);
  return sums;
}

double weight_of(const LossTerm& term, const std::map<std::string, double>& counts) {
  if (term.share.empty()) return term.weight;
  return term.weight * count_of(term, term.share, counts) / std::max(count_of(term, kPictures, counts), 1.0);
}

}  // namespace glid
