// Answers scripts/parity/pose.py: a request a line, {"what": "targets" | "peak" | "suppress" | "warp", ..}, and a line of
// numbers.
#include <iostream>
#include <string>
#include <vector>

#include "glid/core/json.h"
#include "glid/data/heatmaps.h"
#include "glid/data/person_crop.h"
#include "glid/metrics/keypoint_similarity.h"

namespace {

using glid::Json;
using Numbers = std::vector<double>;

Numbers numbers(const Json& request, const char* key) {
  Numbers values;
  for (const Json& value : request.at(key).as_array()) values.push_back(value.as_double());
  return values;
}

glid::HeatmapSize size_of(const Json& request) { return {request.at("height").as_int(), request.at("width").as_int()}; }

// The maps, then the weights. Joints are x, y, v in cells.
Numbers targets(const Json& request) {
  const Numbers joints = numbers(request, "joints");
  std::vector<glid::Keypoint> points;
  for (size_t i = 0; i < joints.size(); i += 3)
    points.push_back({joints[i], joints[i + 1], static_cast<glid::Visibility>(static_cast<int>(joints[i + 2]))});
  const glid::JointHeatmaps heatmaps = glid::draw_heatmaps(points, size_of(request));
  Numbers answer(heatmaps.maps.begin(), heatmaps.maps.end());
  answer.insert(answer.end(), heatmaps.weights.begin(), heatmaps.weights.end());
  return answer;
}

Numbers peak(const Json& request) {
  const glid::ScoredKeypoint found = glid::decode_heatmap(numbers(request, "map"), size_of(request));
  return {found.x, found.y, found.score};
}

Numbers suppress(const Json& request) {
  std::vector<glid::EstimatedPose> poses;
  for (const Json& pose : request.at("poses").as_array())
    poses.push_back({numbers(pose, "joints"), pose.at("score").as_double(), pose.at("area").as_double()});
  const std::vector<size_t> kept =
      glid::surviving_poses(poses, numbers(request, "sigmas"), request.at("threshold").as_double());
  return {kept.begin(), kept.end()};
}

// The centre and size of the crop around a box, then where an index of the image lies in the picture, in indices, and that
// point's way through the heatmap back into the image.
Numbers warp(const Json& request) {
  const Numbers box = numbers(request, "box"), point = numbers(request, "point");
  const auto [height, width] = size_of(request);
  glid::PersonCrop crop =
      glid::crop_around({box[0], box[1], box[2], box[3]}, static_cast<double>(width) / static_cast<double>(height));
  crop.degrees = request.at("degrees").as_double();
  const glid::Affine map = glid::warp_of(crop, height, width);
  const glid::PointXy there = glid::apply(map, glid::PointXy{point[0] + 0.5, point[1] + 0.5});
  const glid::Affine to_cells = glid::picture_to_heatmap(height, width, {height / 4, width / 4});
  const glid::PointXy cell = glid::apply(to_cells, there);
  const glid::PointXy back = glid::apply(map.inverse(), glid::apply(to_cells.inverse(), cell));
  return {crop.cx,       crop.cy, crop.width, crop.height,  there.x - 0.5,
          there.y - 0.5, cell.x,  cell.y,     back.x - 0.5, back.y - 0.5};
}

Numbers answer(const Json& request) {
  const std::string& what = request.at("what").as_string();
  if (what == "targets") return targets(request);
  if (what == "peak") return peak(request);
  if (what == "suppress") return suppress(request);
  return warp(request);
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const Numbers values = answer(Json::parse(line, "request"));
    std::cout << Json(Json::Array(values.begin(), values.end())).dump() << std::endl;
  }
}
