#include "glid/data/heatmaps.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace glid {
namespace {

constexpr int64_t kPatchRadius = 6;  // 3 sigma
constexpr int64_t kBlurRadius = 5;
constexpr double kLowest = 0.001, kHighest = 50;  // of a smoothed map, before its logarithm
constexpr double kSingular = std::numeric_limits<float>::epsilon();

double gaussian(double distance2) { return std::exp(-distance2 / (2 * kHeatmapSigma * kHeatmapSigma)); }

// The patch around cell (x, y) of a joint; false if it lies outside.
bool draw_patch(const Keypoint& joint, const HeatmapSize& size, float* map) {
  const auto x = static_cast<int64_t>(joint.x + 0.5), y = static_cast<int64_t>(joint.y + 0.5);
  const int64_t left = std::max<int64_t>(0, x - kPatchRadius), right = std::min(size.width, x + kPatchRadius + 1);
  const int64_t top = std::max<int64_t>(0, y - kPatchRadius), bottom = std::min(size.height, y + kPatchRadius + 1);
  if (left >= right || top >= bottom) return false;
  for (int64_t row = top; row < bottom; ++row) {
    for (int64_t column = left; column < right; ++column) {
      const double dx = static_cast<double>(column) - joint.x, dy = static_cast<double>(row) - joint.y;
      map[row * size.width + column] = static_cast<float>(gaussian(dx * dx + dy * dy));
    }
  }
  return true;
}

std::array<double, 2 * kBlurRadius + 1> blur_weights() {
  std::array<double, 2 * kBlurRadius + 1> weights{};
  double sum = 0;
  for (int64_t i = -kBlurRadius; i <= kBlurRadius; ++i)
    sum += weights[static_cast<size_t>(i + kBlurRadius)] = gaussian(static_cast<double>(i * i));
  for (double& weight : weights) weight /= sum;
  return weights;
}

// As if the map went on mirrored about its outermost cells (OpenCV's BORDER_REFLECT_101).
int64_t reflected(int64_t i, int64_t size) {
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1), within = ((i % period) + period) % period;
  return std::min(within, period - within);
}

class SmoothLogarithm {
 public:
  SmoothLogarithm(std::span<const double> map, const HeatmapSize& size) : map_(map), size_(size) {}

  // Beyond the map the nearest cell's.
  double at(int64_t x, int64_t y) const {
    const double smooth = smoothed(std::clamp<int64_t>(x, 0, size_.width - 1), std::clamp<int64_t>(y, 0, size_.height - 1));
    return std::log(std::clamp(smooth, kLowest, kHighest));
  }

 private:
  double smoothed(int64_t x, int64_t y) const {
    static const auto kWeights = blur_weights();
    double sum = 0;
    for (int64_t j = -kBlurRadius; j <= kBlurRadius; ++j) {
      const double* row = map_.data() + reflected(y + j, size_.height) * size_.width;
      double of_row = 0;
      for (int64_t i = -kBlurRadius; i <= kBlurRadius; ++i)
        of_row += kWeights[static_cast<size_t>(i + kBlurRadius)] * row[reflected(x + i, size_.width)];
      sum += kWeights[static_cast<size_t>(j + kBlurRadius)] * of_row;
    }
    return sum;
  }

  std::span<const double> map_;
  HeatmapSize size_;
};

// From a cell to the peak of the parabola that the logarithm is there.
PointXy newton_step(const SmoothLogarithm& log, int64_t x, int64_t y) {
  const double l = log.at(x, y), right = log.at(x + 1, y), left = log.at(x - 1, y), down = log.at(x, y + 1),
               up = log.at(x, y - 1);
  const double dx = (right - left) / 2, dy = (down - up) / 2;
  const double dxx = right - 2 * l + left + kSingular, dyy = down - 2 * l + up + kSingular;
  const double dxy = (log.at(x + 1, y + 1) - right - down + 2 * l - left - up + log.at(x - 1, y - 1)) / 2;
  const double determinant = dxx * dyy - dxy * dxy;
  const PointXy step{-(dyy * dx - dxy * dy) / determinant, -(dxx * dy - dxy * dx) / determinant};
  return std::isfinite(step.x) && std::isfinite(step.y) ? step : PointXy{};
}

}  // namespace

Affine picture_to_heatmap(int64_t picture_height, int64_t picture_width, const HeatmapSize& size) {
  const double x = static_cast<double>(size.width - 1) / static_cast<double>(picture_width - 1);
  const double y = static_cast<double>(size.height - 1) / static_cast<double>(picture_height - 1);
  return then(Affine::translation(-0.5, -0.5), Affine::scaling(x, y));
}

JointHeatmaps draw_heatmaps(std::span<const Keypoint> joints, const HeatmapSize& size) {
  const auto cells = static_cast<size_t>(size.height * size.width);
  JointHeatmaps heatmaps{std::vector<float>(joints.size() * cells), {}};
  for (size_t i = 0; i < joints.size(); ++i) {
    const bool is_drawn =
        joints[i].visibility != Visibility::kUnlabelled && draw_patch(joints[i], size, heatmaps.maps.data() + i * cells);
    heatmaps.weights.push_back(is_drawn ? 1.0F : 0.0F);
  }
  return heatmaps;
}

ScoredKeypoint decode_heatmap(std::span<const double> map, const HeatmapSize& size) {
  if (map.empty() || std::ssize(map) != size.height * size.width)
    throw std::invalid_argument("decode_heatmap: the map's size is another one");
  const auto largest = std::ranges::max_element(map);
  if (!(*largest > 0)) return {-1, -1, *largest};
  const int64_t x = (largest - map.begin()) % size.width, y = (largest - map.begin()) / size.width;
  const PointXy step = newton_step(SmoothLogarithm(map, size), x, y);
  return {static_cast<double>(x) + step.x, static_cast<double>(y) + step.y, *largest};
}

double pose_score(std::span<const ScoredKeypoint> joints, double box_score) {
  double sum = 0;
  int64_t count = 0;
  for (const ScoredKeypoint& joint : joints) {
    if (!(joint.score > kCertainJoint)) continue;
    sum += joint.score;
    ++count;
  }
  return count > 0 ? box_score * sum / static_cast<double>(count) : 0;
}

}  // namespace glid
