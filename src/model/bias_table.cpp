#include "glid/model/bias_table.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace glid {
namespace {

int64_t side_of(int64_t window) { return 2 * window - 1; }

at::Tensor resize_bicubic(const at::Tensor& image, int64_t side) {  // [heads, S, S]
  return at::upsample_bicubic2d(image.unsqueeze(0), {side, side}, /*align_corners=*/false)[0];
}

// Places of `side` entries whose distances from the middle are 1, 1 + q, 1 + q + q^2, .. with the q in [1.01, 1.5] that
// takes the last one to `reach`.
std::vector<double> growing_places(int64_t side, double reach) {
  const int64_t count = side / 2;
  double low = 1.01, high = 1.5, q = low;
  while (high - low > 1e-6) {
    q = (low + high) / 2;
    const double last = (1 - std::pow(q, static_cast<double>(count))) / (1 - q);
    (last > reach ? high : low) = q;
  }
  std::vector<double> places{0};
  double distance = 1;
  for (int64_t i = 0; i < count; ++i) {
    places.push_back(distance);
    places.push_back(-distance);
    distance += std::pow(q, static_cast<double>(i + 1));
  }
  std::ranges::sort(places);
  return places;
}

// The second derivatives at the knots of the cubic spline through values there, as a matrix on the values [knots, knots].
// Not-a-knot: the first two and the last two pieces are one polynomial each.
at::Tensor second_derivatives(const std::vector<double>& knots) {
  const int64_t n = std::ssize(knots);
  at::Tensor left = at::zeros({n, n}, at::kDouble), right = at::zeros({n, n}, at::kDouble);
  auto a = left.accessor<double, 2>(), b = right.accessor<double, 2>();
  const auto step = [&](int64_t i) { return knots[static_cast<size_t>(i) + 1] - knots[static_cast<size_t>(i)]; };
  for (int64_t i = 1; i + 1 < n; ++i) {
    a[i][i - 1] = step(i - 1);
    a[i][i] = 2 * (step(i - 1) + step(i));
    a[i][i + 1] = step(i);
    b[i][i - 1] = 6 / step(i - 1);
    b[i][i] = -6 / step(i - 1) - 6 / step(i);
    b[i][i + 1] = 6 / step(i);
  }
  for (const auto& [row, first] : {std::pair{int64_t{0}, int64_t{0}}, std::pair{n - 1, n - 3}}) {
    a[row][first] = step(first + 1);
    a[row][first + 1] = -(step(first) + step(first + 1));
    a[row][first + 2] = step(first);
  }
  return at::linalg_solve(left, right);
}

// What takes values at the knots to the spline's at -reach .. reach: [2 * reach + 1, knots].
at::Tensor spline(const std::vector<double>& knots, int64_t reach) {
  const int64_t n = std::ssize(knots);
  const at::Tensor curvature = second_derivatives(knots), values = at::eye(n, at::kDouble);
  std::vector<at::Tensor> rows;
  for (int64_t x = -reach; x <= reach; ++x) {
    const auto above = std::upper_bound(knots.begin() + 1, knots.end() - 1, static_cast<double>(x));
    const int64_t j = above - knots.begin() - 1;
    const double h = *above - *(above - 1), before = static_cast<double>(x) - *(above - 1), behind = h - before;
    rows.push_back(curvature[j] * (behind * behind * behind / (6 * h) - behind * h / 6) +
                   curvature[j + 1] * (before * before * before / (6 * h) - before * h / 6) + values[j] * (behind / h) +
                   values[j + 1] * (before / h));
  }
  return at::stack(rows);
}

at::Tensor resize_geometric(const at::Tensor& image, int64_t side) {  // [heads, S, S]
  TORCH_CHECK(image.size(1) >= side_of(kSmallestGeometricWindow), "a spline wants more than 3 entries");
  const at::Tensor along = spline(growing_places(image.size(1), static_cast<double>(side / 2)), side / 2);
  return at::matmul(at::matmul(along, image.to(at::kDouble)), along.t()).to(at::kFloat);
}

}  // namespace

int64_t window_of_table(int64_t rows) {
  const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(rows))));
  return side * side == rows && side % 2 == 1 ? (side + 1) / 2 : 0;
}

int64_t class_rows_of_table(int64_t rows) {
  constexpr int64_t kClassRows = 3;
  return window_of_table(rows) == 0 && window_of_table(rows - kClassRows) > 0 ? kClassRows : 0;
}

at::Tensor resize_bias_table(const at::Tensor& table, int64_t window, BiasResize how) {
  if (const int64_t behind = class_rows_of_table(table.size(0)); behind > 0) {
    const int64_t patches = table.size(0) - behind;
    return at::cat({resize_bias_table(table.narrow(0, 0, patches), window, how), table.slice(0, patches).to(at::kFloat)});
  }
  const int64_t from = side_of(window_of_table(table.size(0))), to = side_of(window), heads = table.size(1);
  const at::Tensor image = table.to(at::kFloat).t().reshape({heads, from, from});
  const at::Tensor resized = how == BiasResize::kBicubic ? resize_bicubic(image, to) : resize_geometric(image, to);
  return resized.reshape({heads, to * to}).t();
}

}  // namespace glid
