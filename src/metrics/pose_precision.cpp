#include "glid/metrics/pose_precision.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/metrics/average_precision.h"
#include "glid/metrics/coco_ap.h"
#include "glid/metrics/image_records.h"
#include "record_bytes.h"

namespace glid {
namespace {

constexpr double kSamePose = 0.9;  // OKS
constexpr double kCorrectPart = 0.1;

int64_t num_labelled(const AnnotatedPose& pose) {
  int64_t count = 0;
  for (size_t i = 2; i < pose.joints.size(); i += 3) count += pose.joints[i] > 0;
  return count;
}

// Of the box around all joints, as reading a result file has it.
double area_of_joints(const EstimatedPose& pose) {
  double x0 = pose.joints[0], x1 = x0, y0 = pose.joints[1], y1 = y0;
  for (size_t i = 0; i < pose.joints.size(); i += 3) {
    x0 = std::min(x0, pose.joints[i]), x1 = std::max(x1, pose.joints[i]);
    y0 = std::min(y0, pose.joints[i + 1]), y1 = std::max(y1, pose.joints[i + 1]);
  }
  return (x1 - x0) * (y1 - y0);
}

int64_t num_correct(const EstimatedPose& pose, const AnnotatedPose& truth) {
  const double reach = kCorrectPart * std::max(truth.box.width, truth.box.height);
  int64_t count = 0;
  for (size_t i = 0; i < truth.joints.size(); i += 3)
    count += truth.joints[i + 2] > 0 &&
             std::hypot(pose.joints[i] - truth.joints[i], pose.joints[i + 1] - truth.joints[i + 1]) <= reach;
  return count;
}

void put(ByteWriter& out, const std::optional<int64_t>& value) {
  out.put(value.has_value() ? int64_t{1} : int64_t{0});
  out.put(value.value_or(0));
}

std::optional<int64_t> get_optional(ByteReader& in) {
  const bool has_value = in.get<int64_t>() != 0;
  const auto value = in.get<int64_t>();
  return has_value ? std::optional(value) : std::nullopt;
}

void put(ByteWriter& out, const PersonResult& person) {
  out.put(person.id);
  put(out, person.truth);
  const EstimatedPose pose = person.pose.value_or(EstimatedPose{});
  out.put_all(pose.joints);
  out.put(pose.score);
  out.put(pose.area);
}

PersonResult get_person(ByteReader& in) {
  PersonResult person{.id = in.get<int64_t>(), .truth = get_optional(in)};
  EstimatedPose pose{.joints = in.get_all<double>()};
  pose.score = in.get<double>();
  pose.area = in.get<double>();
  if (!pose.joints.empty()) person.pose = std::move(pose);
  return person;
}

void put(ByteWriter& out, const AnnotatedPose& truth) {
  out.put_all(truth.joints);
  out.put(truth.box);
  out.put(truth.area);
  out.put(truth.is_crowd ? int64_t{1} : int64_t{0});
}

AnnotatedPose get_truth(ByteReader& in) {
  AnnotatedPose truth{.joints = in.get_all<double>(), .box = in.get<BoxXywh>(), .area = in.get<double>()};
  truth.is_crowd = in.get<int64_t>() != 0;
  return truth;
}

}  // namespace

PosePrecision::PosePrecision(ApParameters parameters) : parameters_(std::move(parameters)), matches_(parameters_, 1) {}

void PosePrecision::add(PersonResult person, const std::vector<AnnotatedPose>& truths) {
  const size_t numbers = parameters_.keypoint_sigmas.size() * 3;
  const auto has_all = [&](const AnnotatedPose& truth) { return truth.joints.size() == numbers; };
  if (!std::ranges::all_of(truths, has_all) || (person.pose && person.pose->joints.size() != numbers))
    throw std::invalid_argument("PosePrecision: the numbers of joints and sigmas differ");
  if (person.pose && std::isnan(person.pose->score)) throw std::invalid_argument("PosePrecision: a score is not a number");
  if (person.truth && (*person.truth < 0 || *person.truth >= std::ssize(truths)))
    throw std::invalid_argument(format("PosePrecision: no truth {}", *person.truth));
  ImagePoses& image = images_[person.image];
  image.of_image = person.of_image;
  image.truths = truths;
  const int64_t id = person.image;
  add_person(image, std::move(person));
  if (image.is_whole()) match(id, image);
}

void PosePrecision::add_person(ImagePoses& image, PersonResult person) const {
  const auto [added, is_new] = image.persons.emplace(person.id, std::move(person));
  if (!is_new) throw DataError(format("person {}", added->first), "arrives twice");
  const PersonResult& result = added->second;
  if (!result.truth || !result.pose) return;
  const AnnotatedPose& truth = image.truths[static_cast<size_t>(*result.truth)];
  image.labelled += num_labelled(truth);
  image.correct += num_correct(*result.pose, truth);
}

std::string PosePrecision::header() const {
  return ApAccumulator(parameters_, 1).to_bytes();  // its parameters, and no image
}

std::string PosePrecision::to_bytes() const {
  ByteWriter out;
  out.put_text(header());
  out.put(uint64_t{images_.size()});
  for (const auto& [id, image] : images_) {
    out.put(id);
    out.put(image.of_image);
    out.put(uint64_t{image.truths.size()});
    for (const AnnotatedPose& truth : image.truths) put(out, truth);
    out.put(uint64_t{image.persons.size()});
    for (const auto& [sample, person] : image.persons) put(out, person);
  }
  return out.take();
}

void PosePrecision::merge_bytes(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.get_text() != header()) throw std::invalid_argument("PosePrecision: bytes of other parameters");
  std::map<int64_t, ImagePoses> merged = images_;
  for (uint64_t left = in.get<uint64_t>(); left > 0; --left) {
    const auto id = in.get<int64_t>();
    ImagePoses& image = merged[id];
    image.of_image = in.get<int64_t>();
    image.truths.clear();
    for (uint64_t truths = in.get<uint64_t>(); truths > 0; --truths) image.truths.push_back(get_truth(in));
    for (uint64_t persons = in.get<uint64_t>(); persons > 0; --persons) add_person(image, get_person(in));
  }
  images_.swap(merged);
  for (const auto& [id, image] : images_) {
    const auto before = merged.find(id);
    if (image.is_whole() && (before == merged.end() || !before->second.is_whole())) match(id, image);
  }
}

std::vector<EstimatedPose> PosePrecision::left_of(const ImagePoses& image) const {
  std::vector<EstimatedPose> poses, left;
  for (const auto& [id, person] : image.persons)
    if (person.pose) poses.push_back(*person.pose);
  for (const size_t i : surviving_poses(poses, parameters_.keypoint_sigmas, kSamePose)) left.push_back(poses[i]);
  return left;
}

int64_t PosePrecision::num_images() const {
  return std::ranges::count_if(images_, [](const auto& image) { return image.second.is_whole(); });
}

bool PosePrecision::is_whole(int64_t image) const {
  const auto found = images_.find(image);
  return found != images_.end() && found->second.is_whole();
}

std::vector<EstimatedPose> PosePrecision::poses_of(int64_t image) const {
  const auto found = images_.find(image);
  return found == images_.end() ? std::vector<EstimatedPose>{} : left_of(found->second);
}

std::vector<std::string> PosePrecision::keys() const {
  std::vector<std::string> keys;
  for (const auto& [id, image] : images_)
    if (image.is_whole()) keys.push_back(image_key(id));
  return keys;
}

void PosePrecision::match(int64_t id, const ImagePoses& image) {
  std::vector<ApTruth> truths;
  for (const AnnotatedPose& t : image.truths)
    truths.push_back(ap_truth({0, t.is_crowd, t.box, t.area, num_labelled(t)}, parameters_));
  const std::vector<EstimatedPose> poses = left_of(image);
  std::vector<ApDetection> detections;
  for (const EstimatedPose& pose : poses) detections.push_back({pose.score, area_of_joints(pose), 0});
  matches_.add({id, truths, detections, [&](size_t detection, size_t truth) {
                  const AnnotatedPose& t = image.truths[truth];
                  return keypoint_similarity(poses[detection].joints, {t.joints, t.box, truths[truth].area},
                                             parameters_.keypoint_sigmas);
                }});
}

std::vector<MetricValue> PosePrecision::values_of(Times times) const {
  std::vector<MetricValue> values = matches_.values_of(times);
  values.push_back(correct_joints(times));
  return values;
}

// Images of which a sample is missing count here, once.
MetricValue PosePrecision::correct_joints(Times times) const {
  int64_t labelled = 0, correct = 0;
  size_t i = 0;
  for (const auto& [id, image] : images_) {
    const int64_t count = image.is_whole() && !times.empty() ? times[i++] : 1;
    labelled += count * image.labelled;
    correct += count * image.correct;
  }
  MetricValue value{"PCK@0.1", std::nullopt};
  if (labelled > 0) value.value = static_cast<double>(correct) / static_cast<double>(labelled);
  return value;
}

}  // namespace glid
