#include <cmath>
#include <stdexcept>

#include "glid/viz/curve.h"

namespace glid {

std::vector<double> smoothed(std::span<const double> x, std::span<const double> y, double span) {
  if (x.size() != y.size() || !(span > 0)) throw std::invalid_argument("smoothed: x and y differ, or there is no span");
  std::vector<double> means(y.begin(), y.end());
  double sum = 0, weight = 0, last = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) continue;
    const double kept = weight > 0 ? std::exp((last - x[i]) / span) : 0;
    sum = sum * kept + y[i];
    weight = weight * kept + 1;
    last = x[i];
    means[i] = sum / weight;
  }
  return means;
}

double usual_smoothing(std::span<const double> x) {
  constexpr size_t kFewest = 20;
  if (x.size() < kFewest) return 0;
  const double length = x.back() - x.front(), spacing = length / static_cast<double>(x.size() - 1);
  const double least = std::max(length / 25, 2 * spacing);
  if (!(least > 0) || !std::isfinite(least)) return 0;
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

}  // namespace glid
