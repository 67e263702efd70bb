// Answers scripts/parity/check_geometry.py: a request is a header, numbers and bytes; so is the answer, which says how long
// the operation alone took.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "glid/core/error.h"
#include "glid/geometry/assignment.h"
#include "glid/geometry/polygon.h"
#include "glid/geometry/rle.h"

namespace {

using glid::Rle;

enum Operation : int64_t {
  kPolygon,
  kBoxMask,
  kEncode,
  kDecode,
  kCounts,
  kUnion,
  kIntersection,
  kMeasure,
  kMaskIou,
  kBoxIou,
  kAssign,
  kAssignFloat
};

struct Request {
  int64_t operation, height, width;
  std::vector<double> numbers;
  std::string bytes;  // compressed masks are separated by line feeds
};

struct Answer {
  double elapsed_ns = 0;
  std::vector<double> numbers;
  std::string bytes;
};

template <typename Values>
bool read(Values& values, int64_t count) {
  values.resize(static_cast<size_t>(count));
  return std::fread(values.data(), sizeof values[0], values.size(), stdin) == values.size();
}

bool read(Request& request) {
  int64_t header[5];
  if (std::fread(header, sizeof header, 1, stdin) != 1) return false;
  request.operation = header[0], request.height = header[1], request.width = header[2];
  return read(request.numbers, header[3]) && read(request.bytes, header[4]);
}

void write(const Answer& answer) {
  const int64_t sizes[] = {static_cast<int64_t>(answer.numbers.size()), static_cast<int64_t>(answer.bytes.size())};
  std::fwrite(sizes, sizeof sizes, 1, stdout);
  std::fwrite(&answer.elapsed_ns, sizeof answer.elapsed_ns, 1, stdout);
  std::fwrite(answer.numbers.data(), sizeof(double), answer.numbers.size(), stdout);
  std::fwrite(answer.bytes.data(), 1, answer.bytes.size(), stdout);
  std::fflush(stdout);
}

template <typename Work>
auto timed(Answer& answer, Work work) {
  const auto begin = std::chrono::steady_clock::now();
  auto result = work();
  answer.elapsed_ns = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

std::vector<Rle> masks_of(const Request& request) {
  std::vector<Rle> masks;
  for (std::string_view rest = request.bytes; !rest.empty();) {
    const std::string_view text = rest.substr(0, rest.find('\n'));
    masks.push_back(glid::rle_from_string(text, request.height, request.width));
    rest.remove_prefix(std::min(rest.size(), text.size() + 1));
  }
  return masks;
}

std::vector<glid::BoxXywh> boxes_of(const double* numbers, size_t count) {
  std::vector<glid::BoxXywh> boxes;
  for (; boxes.size() < count; numbers += 4) boxes.push_back({numbers[0], numbers[1], numbers[2], numbers[3]});
  return boxes;
}

// iou(detection, truth, crowd) of all pairs, detections outside.
template <typename Shape, typename Iou>
std::vector<double> all_pairs(const std::vector<Shape>& shapes, size_t num_detections, const double* crowds, Iou iou) {
  std::vector<double> values;
  for (size_t d = 0; d < num_detections; ++d)
    for (size_t t = num_detections; t < shapes.size(); ++t)
      values.push_back(iou(shapes[d], shapes[t], crowds[t - num_detections] != 0));
  return values;
}

void mask_iou(const Request& request, Answer& answer) {
  const auto num_detections = static_cast<size_t>(request.numbers[0]);
  answer.numbers = timed(answer, [&] {
    std::vector<glid::BoxedRle> masks;
    for (Rle& mask : masks_of(request)) masks.push_back(glid::boxed(std::move(mask)));
    return all_pairs(masks, num_detections, &request.numbers[1], glid::rle_iou);
  });
}

void box_iou(const Request& request, Answer& answer) {
  const auto num_detections = static_cast<size_t>(request.numbers[0]), num_truths = static_cast<size_t>(request.numbers[1]);
  const auto boxes = boxes_of(&request.numbers[2 + num_truths], num_detections + num_truths);
  answer.numbers = timed(answer, [&] { return all_pairs(boxes, num_detections, &request.numbers[2], glid::coco_iou); });
}

template <typename Cost>
void assign(std::span<const Cost> costs, const Request& request, Answer& answer) {
  const auto pairs = timed(answer, [&] { return glid::assign(costs, request.height, request.width); });
  answer.numbers.assign(pairs.rows.begin(), pairs.rows.end());
  answer.numbers.insert(answer.numbers.end(), pairs.columns.begin(), pairs.columns.end());
}

void measure(const Request& request, Answer& answer) {
  for (const Rle& mask : masks_of(request)) {
    const glid::BoxXywh box = glid::rle_box(mask);
    answer.numbers.insert(answer.numbers.end(),
                          {static_cast<double>(glid::rle_area(mask)), box.x, box.y, box.width, box.height});
  }
}

Rle make_mask(const Request& request) {
  const std::vector<double>& numbers = request.numbers;
  switch (request.operation) {
    case kPolygon: return glid::rle_from_polygon(numbers, request.height, request.width);
    case kBoxMask: return glid::rle_from_box(boxes_of(numbers.data(), 1)[0], request.height, request.width);
    case kUnion: return glid::rle_union(masks_of(request));
    case kIntersection: return glid::rle_intersection(masks_of(request));
    case kCounts:
      return glid::rle_from_counts(std::vector<int64_t>(numbers.begin(), numbers.end()), request.height, request.width);
    default:
      return glid::rle_from_mask({reinterpret_cast<const uint8_t*>(request.bytes.data()), request.bytes.size()},
                                 request.height, request.width);
  }
}

Answer work(const Request& request) {
  Answer answer;
  switch (request.operation) {
    case kMeasure: measure(request, answer); break;
    case kMaskIou: mask_iou(request, answer); break;
    case kBoxIou: box_iou(request, answer); break;
    case kAssign: assign<double>(request.numbers, request, answer); break;
    case kAssignFloat:
      assign<float>(std::vector<float>(request.numbers.begin(), request.numbers.end()), request, answer);
      break;
    case kDecode: {
      const auto mask = timed(answer, [&] { return glid::mask_from_rle(masks_of(request).at(0)); });
      answer.bytes.assign(mask.begin(), mask.end());
      break;
    }
    default: answer.bytes = timed(answer, [&] { return glid::rle_to_string(make_mask(request)); });
  }
  return answer;
}

}  // namespace

int main() {
  return glid::run_program("parity_geometry", [] {
    for (Request request; read(request);) write(work(request));
    return glid::ExitCode::kDone;
  });
}
