// Mini-batch k-means (Sculley, "Web-scale k-means clustering", WWW 2010) of points with many numbers: each batch is new, so
// neither memory nor time grows with what there is to cluster (no LibTorch).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "glid/core/rng.h"

namespace glid {

class KMeans {
 public:
  // The nearest centre of each point, the first of several, and the squared distance to it.
  struct Nearest {
    std::vector<int64_t> centres;
    std::vector<double> distances;
  };

  // Centres [K, width], where they start.
  KMeans(std::vector<float> centres, int64_t width);

  int64_t size() const { return std::ssize(counts_); }
  const std::vector<float>& centres() const { return centres_; }

  // Of points [N, width]; to the bit the same with any number of threads.
  Nearest nearest(std::span<const float> points, int64_t num_threads) const;
  // Moves the centres towards the points that are nearest to each, by 1 / (how many of them it has seen): to their mean.
  void learn(std::span<const float> points, int64_t num_threads);
  // Moves the centres that have seen no point since the last mend() onto points beside centres, drawn by how many points
  // their own centre has seen since then: crowds are divided. How many there were.
  int64_t mend(std::span<const float> points, int64_t num_threads, Rng& rng);

 private:
  void prepare(size_t centre);

  size_t width_;
  std::vector<float> centres_;
  std::vector<float> half_norms_;  // |c|^2 / 2, infinite for what fills up the last panel
  std::vector<float> panels_;      // the centres as they are compared: [panels, width, centres of a panel]
  std::vector<int64_t> counts_;    // points that each has seen
  std::vector<int64_t> recent_;    // the same since the last mend()
};

}  // namespace glid
