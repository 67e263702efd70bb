#include "glid/metrics/keypoint_similarity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace glid {
namespace {

// Outside distance of a coordinate from the interval enlarged by its own size on each side.
double outside(double value, double begin, double size) {
  return std::max(0., begin - size - value) + std::max(0., value - (begin + size * 2));
}

double joint_similarity(double dx, double dy, double sigma, double area) {
  const double k = sigma * 2;
  return std::exp(-((dx * dx + dy * dy) / (k * k) / (area + std::numeric_limits<double>::epsilon()) / 2));
}

}  // namespace

double keypoint_similarity(std::span<const double> detection, const KeypointTruth& truth, std::span<const double> sigmas) {
  const std::span<const double> joints = truth.joints;
  if (detection.size() != sigmas.size() * 3 || joints.size() != sigmas.size() * 3) {
    throw std::invalid_argument("keypoint_similarity: the numbers of joints and sigmas differ");
  }
  double sum = 0;
  size_t num_visible = 0;
  for (size_t i = 0; i < sigmas.size(); ++i) {
    if (!(joints[3 * i + 2] > 0)) continue;
    const double dx = detection[3 * i] - joints[3 * i], dy = detection[3 * i + 1] - joints[3 * i + 1];
    sum += joint_similarity(dx, dy, sigmas[i], truth.area);
    ++num_visible;
  }
  if (num_visible > 0) return sum / static_cast<double>(num_visible);
  for (size_t i = 0; i < sigmas.size(); ++i) {
    const double dx = outside(detection[3 * i], truth.box.x, truth.box.width);
    const double dy = outside(detection[3 * i + 1], truth.box.y, truth.box.height);
    sum += joint_similarity(dx, dy, sigmas[i], truth.area);
  }
  return sum / static_cast<double>(sigmas.size());
}

double pose_similarity(const EstimatedPose& a, const EstimatedPose& b, std::span<const double> sigmas) {
  if (a.joints.size() != sigmas.size() * 3 || b.joints.size() != sigmas.size() * 3)
    throw std::invalid_argument("pose_similarity: the numbers of joints and sigmas differ");
  double sum = 0;
  for (size_t i = 0; i < sigmas.size(); ++i)
    sum += joint_similarity(a.joints[3 * i] - b.joints[3 * i], a.joints[3 * i + 1] - b.joints[3 * i + 1], sigmas[i],
                            (a.area + b.area) / 2);
  return sum / static_cast<double>(sigmas.size());
}

std::vector<size_t> surviving_poses(std::span<const EstimatedPose> poses, std::span<const double> sigmas, double threshold) {
  std::vector<size_t> order(poses.size()), kept;
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return poses[a].score > poses[b].score; });
  for (const size_t i : order) {
    const auto covers = [&](size_t k) { return pose_similarity(poses[k], poses[i], sigmas) > threshold; };
    if (std::ranges::none_of(kept, covers)) kept.push_back(i);
  }
  return kept;
}

}  // namespace glid
