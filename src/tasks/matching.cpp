#include "glid/tasks/matching.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "glid/core/parallel_for.h"
#include "glid/geometry/assignment.h"
#include "glid/nn/transfer.h"

namespace glid {
namespace {

constexpr double kLargestCost = 1e6;

// Where the targets and the pairs of each picture begin; the last entry is their number.
struct Offsets {
  Offsets(std::span<const int64_t> lengths, const QueryGroup& group) {
    for (const int64_t length : lengths) {
      targets.push_back(targets.back() + length);
      pairs.push_back(pairs.back() + std::min(group.repeats * length, group.count));
    }
  }
  std::vector<int64_t> targets{0}, pairs{0};
};

template <class Cost>
Cost bounded(Cost cost) {
  constexpr auto kLargest = static_cast<Cost>(kLargestCost);
  return std::isfinite(cost) ? std::min(cost, kLargest) : kLargest;
}

// The costs [count, repeats * n] of a picture's own targets, time and again; they are the first n of every row.
template <class Cost>
std::vector<Cost> own_costs(const Cost* rows, int64_t stride, int64_t length, const QueryGroup& group) {
  std::vector<Cost> costs;
  costs.reserve(static_cast<size_t>(group.count * group.repeats * length));
  for (int64_t q = group.first; q < group.first + group.count; ++q)
    for (int64_t i = 0; i < group.repeats; ++i)
      std::transform(rows + q * stride, rows + q * stride + length, std::back_inserter(costs), bounded<Cost>);
  return costs;
}

// Queries and targets of each layer [2, L, P] on the host, of costs [L, B, Q, N] there.
template <class Cost>
at::Tensor solve(const at::Tensor& costs, std::span<const int64_t> lengths, const QueryGroup& group,
                 const Offsets& offsets) {
  const int64_t layers = costs.size(0), pictures = costs.size(1), stride = costs.size(3), picture_size = costs.stride(1);
  const int64_t num_pairs = offsets.pairs.back();
  const at::Tensor found = at::empty({2, layers, num_pairs}, at::kLong);
  int64_t* const queries = found.mutable_data_ptr<int64_t>();
  int64_t* const targets = queries + layers * num_pairs;
  parallel_for(layers * pictures, at::get_num_threads(), [&](int64_t i, int64_t) {
    const auto picture = static_cast<size_t>(i % pictures);
    const int64_t length = lengths[picture], offset = offsets.targets[picture];
    const Assignment pairs = assign(own_costs(costs.const_data_ptr<Cost>() + i * picture_size, stride, length, group),
                                    group.count, group.repeats * length);
    const int64_t first = i / pictures * num_pairs + offsets.pairs[picture];
    std::ranges::copy(pairs.rows, queries + first);
    std::ranges::transform(pairs.columns, targets + first, [&](int64_t column) { return offset + column % length; });
  });
  return found;
}

// The picture of each pair, [P].
at::Tensor pictures_of(const Offsets& offsets) {
  const at::Tensor pictures = at::empty({offsets.pairs.back()}, at::kLong);
  int64_t* const values = pictures.mutable_data_ptr<int64_t>();
  for (size_t b = 0; b + 1 < offsets.pairs.size(); ++b)
    std::fill(values + offsets.pairs[b], values + offsets.pairs[b + 1], static_cast<int64_t>(b));
  return pictures;
}

}  // namespace

at::Tensor MatchedPairs::answers(const at::Tensor& all) const {
  const at::Tensor layer = at::arange(all.size(0), picture.options()).unsqueeze(1);
  return all.index({layer, picture.unsqueeze(0), query});
}

at::Tensor MatchedPairs::targets(const at::Tensor& all) const {
  return all.index_select(0, target.flatten()).unflatten(0, target.sizes());
}

at::Tensor MatchedPairs::sums(const at::Tensor& values, int64_t num_pictures) const {
  return at::zeros({values.size(0), num_pictures}, values.options()).index_add(1, picture, values);
}

at::Tensor MatchedPairs::classes(const at::Tensor& labels, int64_t num_pictures, int64_t num_queries, int64_t none) const {
  const at::Tensor all = at::full({query.size(0), num_pictures * num_queries}, none, query.options());
  return all.scatter_(1, picture * num_queries + query, targets(labels)).view({query.size(0), num_pictures, num_queries});
}

std::vector<MatchedPairs> match(const at::Tensor& costs, std::span<const int64_t> lengths,
                                std::span<const QueryGroup> groups) {
  RECORD_USER_SCOPE("matching");
  TORCH_CHECK(std::ssize(lengths) == costs.size(1), "one number of targets a picture");
  const at::Tensor host = to_host(costs.detach()).contiguous();
  const int64_t layers = costs.size(0);
  std::vector<MatchedPairs> matched;
  for (const QueryGroup& group : groups) {
    const Offsets offsets(lengths, group);
    const at::Tensor found = host.scalar_type() == at::kDouble ? solve<double>(host, lengths, group, offsets)
                                                               : solve<float>(host, lengths, group, offsets);
    const at::Tensor all = to_device(at::cat({found.flatten(0, 1), pictures_of(offsets).unsqueeze(0)}), costs.device());
    matched.push_back(
        {.picture = all[2 * layers], .query = all.narrow(0, 0, layers), .target = all.narrow(0, layers, layers)});
  }
  return matched;
}

MatchedPairs match(const at::Tensor& costs, std::span<const int64_t> lengths) {
  const QueryGroup all{.count = costs.size(2)};
  return match(costs, lengths, std::span(&all, 1)).front();
}

at::Tensor padded(const at::Tensor& rows, std::span<const int64_t> lengths) {
  const int64_t longest = lengths.empty() ? 0 : std::ranges::max(lengths);
  std::vector<at::Tensor> pictures;
  int64_t first = 0;
  for (const int64_t length : lengths) {
    std::vector<int64_t> padding(static_cast<size_t>(2 * rows.dim()));
    padding.back() = longest - length;  // behind the first dimension
    pictures.push_back(at::constant_pad_nd(rows.narrow(0, first, length), padding));
    first += length;
  }
  return pictures.empty() ? rows.narrow(0, 0, 0).unflatten(0, {0, 0}) : at::stack(pictures);
}

std::vector<double> num_pairs(std::span<const int64_t> lengths, int64_t num_queries) {
  std::vector<double> counts;
  for (const int64_t length : lengths) counts.push_back(static_cast<double>(std::min(length, num_queries)));
  return counts;
}

void layered_terms(Losses& losses, const LayeredTerm& term, std::span<const int64_t> supervised) {
  const int64_t layers = term.sums.size(0);
  TORCH_CHECK(layers == std::max<int64_t>(1, std::ssize(supervised)), "a sum for each supervised layer");
  const auto layer_of = [&](int64_t i) {
    if (i + 1 == layers) return int64_t{0};
    const int64_t number = supervised[static_cast<size_t>(i)];
    return number == 0 ? kBeforeLayers : number;
  };
  for (int64_t i = 0; i < layers; ++i)
    losses.terms.push_back({.name = term.name,
                            .sum = term.sums[i].sum(),
                            .weight = term.weight,
                            .count = term.count,
                            .layer = layer_of(i),
                            .by_image = term.sums[i].detach()});
}

}  // namespace glid
