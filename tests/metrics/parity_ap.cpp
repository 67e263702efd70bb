// Evaluates COCO result files for scripts/parity/check_ap.py. A request is a line of JSON on stdin:
//   {"truth": FILE, "results": FILE, "kind": "box" | "mask" | "keypoint", "threads": 1, "curves": true, "protocol": "coco",
//    "iou_thresholds": [..], "max_dets": [..], "area_ranges": [[name, min, max], ..], "sigmas": [..]}
// where all but the first three may be missing. The answer is a line of JSON, {"shape": [T, R, K, A, M], "numbers": {..},
// "seconds": {..}} or {"error": ..}, and, with curves, precision [K, A, M, T, R] and recall [K, A, M, T] as raw doubles.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/json.h"
#include "glid/metrics/coco_ap.h"

namespace {

using glid::Json;
using Clock = std::chrono::steady_clock;

glid::CocoKind kind_of(const std::string& name) {
  if (name == "box") return glid::CocoKind::kBox;
  return name == "mask" ? glid::CocoKind::kMask : glid::CocoKind::kKeypoint;
}

// An integer too: Python writes 1, not 1.0.
double number(const Json& json) { return json.as_double(); }

void read_numbers(const Json& request, const char* key, std::vector<double>& out) {
  const Json* values = request.find(key);
  if (!values) return;
  out.clear();
  for (const Json& value : values->as_array()) out.push_back(number(value));
}

glid::ApRequest read_request(const Json& json) {
  glid::ApRequest request;
  const std::string protocol = json.find("protocol") ? json.at("protocol").as_string() : "coco";
  request.parameters = glid::ap_parameters(glid::config::parse_name<glid::ApProtocol>("protocol", protocol),
                                           kind_of(json.at("kind").as_string()));
  request.num_threads = json.find("threads") ? json.at("threads").as_int() : 1;
  read_numbers(json, "iou_thresholds", request.parameters.iou_thresholds);
  read_numbers(json, "sigmas", request.parameters.keypoint_sigmas);
  if (const Json* limits = json.find("max_dets")) {
    request.parameters.max_dets.clear();
    for (const Json& limit : limits->as_array()) request.parameters.max_dets.push_back(limit.as_int());
  }
  if (const Json* ranges = json.find("area_ranges")) {
    request.parameters.area_ranges.clear();
    for (const Json& range : ranges->as_array()) {
      const auto& parts = range.as_array();
      request.parameters.area_ranges.push_back({parts[0].as_string(), number(parts[1]), number(parts[2])});
    }
  }
  return request;
}

int64_t size(size_t value) { return static_cast<int64_t>(value); }

Json describe(const glid::ApReport& report) {
  const glid::ApParameters& parameters = report.result.parameters;
  Json numbers = Json::object();
  for (const glid::MetricValue& number : report.numbers)
    numbers.set(number.name, number.value ? Json(*number.value) : Json(-1));
  Json answer = Json::object();
  answer.set("shape", Json::Array{size(parameters.iou_thresholds.size()), size(parameters.recall_points.size()),
                                  report.result.num_categories, size(parameters.area_ranges.size()),
                                  size(parameters.max_dets.size())});
  return answer.set("numbers", numbers);
}

void write_doubles(const std::vector<double>& values) { std::fwrite(values.data(), sizeof(double), values.size(), stdout); }

void answer(const std::string& line) {
  const Json json = Json::parse(line, "request");
  const glid::ApRequest request = read_request(json);
  const std::string truth_file = json.at("truth").as_string();
  const auto begin = Clock::now();
  const auto truth = glid::CocoIndex::parse(glid::read_file(truth_file), truth_file, glid::coco_use(request.parameters));
  const auto indexed = Clock::now();
  const auto results = glid::read_coco_results(json.at("results").as_string(), truth, request.parameters.kind);
  const auto read = Clock::now();
  const glid::ApReport report = glid::evaluate_coco(truth, results, request);
  const auto done = Clock::now();
  const auto seconds = [](Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
  };
  Json times = Json::object();
  times.set("truth", seconds(begin, indexed)).set("results", seconds(indexed, read)).set("evaluate", seconds(read, done));
  std::puts(describe(report).set("seconds", times).dump().c_str());
  if (json.find("curves") && !json.at("curves").as_bool()) return;
  write_doubles(report.result.precision);
  write_doubles(report.result.recall);
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    try {
      answer(line);
    } catch (const glid::Error& error) {
      std::puts(Json::object().set("error", error.what()).dump().c_str());
    }
    std::fflush(stdout);
  }
}
