#include "glid/geometry/assignment.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "glid/core/format.h"

namespace glid {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kNone = -1;

// Costs with at least as many columns as rows.
template <typename Cost>
struct WideMatrix {
  const Cost* data;
  int64_t num_rows, num_columns;
  const Cost* row(int64_t i) const { return data + i * num_columns; }
};

// Rows enter one after the other, each by the shortest augmenting path from it to a free column (Dijkstra's algorithm over
// reduced costs). The arrays over columns are kept so that the scans have no branches.
template <typename Cost>
class ShortestPaths {
 public:
  explicit ShortestPaths(const WideMatrix<Cost>& costs)
      : costs_(costs),
        row_price_(static_cast<size_t>(costs.num_rows)),
        column_price_(static_cast<size_t>(costs.num_columns)),
        distance_(column_price_.size()),
        came_from_(column_price_.size()),
        row_of_(column_price_.size(), kNone),
        column_of_(row_price_.size(), kNone) {}

  // The column of each row.
  std::vector<int64_t> solve() && {
    for (int64_t row = 0; row < costs_.num_rows; ++row) enter(row);
    return std::move(column_of_);
  }

 private:
  struct Visit {
    int64_t column;
    double distance;
    double price;
  };

  void enter(int64_t first_row) {
    visited_.clear();
    double reached = scan<true>(first_row, -row_price_[static_cast<size_t>(first_row)]);
    int64_t column = nearest(reached);
    close(column, reached);
    for (int64_t row = row_of_[static_cast<size_t>(column)]; row != kNone; row = row_of_[static_cast<size_t>(column)]) {
      reached = scan<false>(row, reached - row_price_[static_cast<size_t>(row)]);
      column = nearest(reached);
      close(column, reached);
    }
    update_prices(first_row, reached);
    augment(first_row, column);
  }

  // Paths that begin at or go on through `row`; returns the smallest distance of an open column.
  template <bool kIsFirst>
  double scan(int64_t row, double offset) {
    constexpr int64_t kLanes = 4;
    const Cost* const cost = costs_.row(row);
    const double* const price = column_price_.data();
    double* const distance = distance_.data();
    int64_t* const came_from = came_from_.data();
    double least[kLanes] = {kInfinity, kInfinity, kInfinity, kInfinity};
    const auto visit = [&](int64_t column, double& lane) {
      const double through = offset + static_cast<double>(cost[column]) - price[column];
      const bool is_shorter = kIsFirst || through < distance[column];
      distance[column] = is_shorter ? through : distance[column];
      came_from[column] = is_shorter ? row : came_from[column];
      lane = distance[column] < lane ? distance[column] : lane;
    };
    const int64_t num_columns = costs_.num_columns;
    int64_t column = 0;
    for (; column + kLanes <= num_columns; column += kLanes)
      for (int64_t lane = 0; lane < kLanes; ++lane) visit(column + lane, least[lane]);
    for (; column < num_columns; ++column) visit(column, least[0]);
    return std::min(std::min(least[0], least[1]), std::min(least[2], least[3]));
  }

  // An open column at this distance: the first free one, because it ends the path, else the first.
  int64_t nearest(double distance) const {
    int64_t found = kNone;
    for (int64_t column = 0; column < costs_.num_columns; ++column) {
      if (distance_[static_cast<size_t>(column)] != distance) continue;
      if (row_of_[static_cast<size_t>(column)] == kNone) return column;
      if (found == kNone) found = column;
    }
    return found;
  }

  // A closed column is infinitely far, and stays so because of its price.
  void close(int64_t column, double reached) {
    const auto c = static_cast<size_t>(column);
    visited_.push_back({column, reached, column_price_[c]});
    distance_[c] = kInfinity;
    column_price_[c] = -kInfinity;
  }

  void update_prices(int64_t first_row, double reached) {
    row_price_[static_cast<size_t>(first_row)] += reached;
    for (const Visit& visit : visited_) {
      const auto c = static_cast<size_t>(visit.column);
      const double gain = reached - visit.distance;
      column_price_[c] = visit.price - gain;
      if (row_of_[c] != kNone) row_price_[static_cast<size_t>(row_of_[c])] += gain;
    }
  }

  void augment(int64_t first_row, int64_t column) {
    for (int64_t row = kNone; row != first_row;) {
      row = came_from_[static_cast<size_t>(column)];
      row_of_[static_cast<size_t>(column)] = row;
      std::swap(column_of_[static_cast<size_t>(row)], column);
    }
  }

  WideMatrix<Cost> costs_;
  std::vector<double> row_price_, column_price_;
  std::vector<double> distance_;    // of open columns from the entering row; infinite for the closed
  std::vector<int64_t> came_from_;  // the row before a column on its path
  std::vector<int64_t> row_of_;     // of a column, kNone when free
  std::vector<int64_t> column_of_;  // of a row
  std::vector<Visit> visited_;
};

// Sums of paths stay finite when this does.
template <typename Cost>
double sum_of_magnitudes(std::span<const Cost> costs) {
  constexpr size_t kLanes = 8;
  double lanes[kLanes] = {};
  const size_t num_whole = costs.size() / kLanes * kLanes;
  for (size_t i = 0; i < num_whole; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += std::abs(static_cast<double>(costs[i + lane]));
  for (size_t i = num_whole; i < costs.size(); ++i) lanes[0] += std::abs(static_cast<double>(costs[i]));
  return std::accumulate(lanes, lanes + kLanes, 0.0);
}

template <typename Cost>
void check(std::span<const Cost> costs, int64_t num_rows, int64_t num_columns) {
  const auto size = static_cast<int64_t>(costs.size());
  if (num_rows < 0 || num_columns < 0 ||
      (num_columns == 0 ? size > 0 : size / num_columns != num_rows || size % num_columns))
    throw std::invalid_argument(format("assign: {} costs for {} x {}", size, num_rows, num_columns));
  if (std::isfinite(4 * sum_of_magnitudes(costs))) return;
  for (int64_t i = 0; i < size; ++i)
    if (!std::isfinite(4.0 * static_cast<double>(size) * static_cast<double>(costs[static_cast<size_t>(i)])))
      throw std::invalid_argument(format("assign: the cost of row {}, column {} is {}", i / num_columns, i % num_columns,
                                         costs[static_cast<size_t>(i)]));
}

template <typename Cost>
std::vector<Cost> transposed(std::span<const Cost> costs, int64_t num_rows, int64_t num_columns) {
  constexpr int64_t kBlock = 32;
  std::vector<Cost> out(costs.size());
  for (int64_t first = 0; first < num_rows; first += kBlock) {
    const int64_t num_block_rows = std::min(kBlock, num_rows - first);
    for (int64_t column = 0; column < num_columns; ++column) {
      const Cost* const from = costs.data() + first * num_columns + column;
      Cost* const to = out.data() + column * num_rows + first;
      for (int64_t row = 0; row < num_block_rows; ++row) to[row] = from[row * num_columns];
    }
  }
  return out;
}

// The pairs of a tall matrix from the row of each column.
Assignment by_rows(const std::vector<int64_t>& row_of, int64_t num_rows) {
  std::vector<int64_t> column_of(static_cast<size_t>(num_rows), kNone);
  for (size_t column = 0; column < row_of.size(); ++column)
    column_of[static_cast<size_t>(row_of[column])] = static_cast<int64_t>(column);
  Assignment pairs;
  for (int64_t row = 0; row < num_rows; ++row) {
    if (column_of[static_cast<size_t>(row)] == kNone) continue;
    pairs.rows.push_back(row);
    pairs.columns.push_back(column_of[static_cast<size_t>(row)]);
  }
  return pairs;
}

template <typename Cost>
Assignment assign_any(std::span<const Cost> costs, int64_t num_rows, int64_t num_columns) {
  check(costs, num_rows, num_columns);
  if (costs.empty()) return {};
  if (num_rows > num_columns) {
    const std::vector<Cost> wide = transposed(costs, num_rows, num_columns);
    return by_rows(ShortestPaths<Cost>({wide.data(), num_columns, num_rows}).solve(), num_rows);
  }
  Assignment pairs;
  pairs.columns = ShortestPaths<Cost>({costs.data(), num_rows, num_columns}).solve();
  pairs.rows.resize(pairs.columns.size());
  std::iota(pairs.rows.begin(), pairs.rows.end(), int64_t{0});
  return pairs;
}

}  // namespace

Assignment assign(std::span<const double> costs, int64_t num_rows, int64_t num_columns) {
  return assign_any(costs, num_rows, num_columns);
}

Assignment assign(std::span<const float> costs, int64_t num_rows, int64_t num_columns) {
  return assign_any(costs, num_rows, num_columns);
}

}  // namespace glid
