#include "glid/eval/blind_predictor.h"

#include <algorithm>
#include <numeric>

#include "box_clusters.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "glid/core/log.h"
#include "glid/core/pace.h"
#include "glid/core/rng.h"
#include "glid/formats/safetensors.h"

namespace glid {
namespace {

constexpr int64_t kPlaces = kBlindGrid * kBlindGrid;

// The pixel of an image at the middle of each place, row by row.
std::vector<size_t> pixels_of_places(int64_t height, int64_t width) {
  std::vector<size_t> pixels;
  for (int64_t y = 0; y < kBlindGrid; ++y)
    for (int64_t x = 0; x < kBlindGrid; ++x)
      pixels.push_back(
          static_cast<size_t>((2 * y + 1) * height / (2 * kBlindGrid) * width + (2 * x + 1) * width / (2 * kBlindGrid)));
  return pixels;
}

// The place of each pixel.
std::vector<size_t> places_of_pixels(int64_t height, int64_t width) {
  std::vector<size_t> places;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      places.push_back(static_cast<size_t>(y * kBlindGrid / height * kBlindGrid + x * kBlindGrid / width));
  return places;
}

// How often each class is at each place.
class ClassCounts {
 public:
  explicit ClassCounts(size_t num_classes) : num_classes_(num_classes), counts_(kPlaces * num_classes) {}
  void add(size_t place, size_t of_class) {
    if (of_class >= num_classes_) return;
    ++counts_[place * num_classes_ + of_class];
    ++total_;
  }
  bool empty() const { return total_ == 0; }
  // The most frequent class, the first of several; that of all places where none was seen.
  std::vector<int64_t> majority() const {
    std::vector<int64_t> totals(num_classes_);
    for (size_t i = 0; i < counts_.size(); ++i) totals[i % num_classes_] += counts_[i];
    const int64_t usual = std::max_element(totals.begin(), totals.end()) - totals.begin();
    std::vector<int64_t> classes;
    for (size_t place = 0; place < kPlaces; ++place) {
      const auto begin = counts_.begin() + static_cast<int64_t>(place * num_classes_);
      const auto most = std::max_element(begin, begin + static_cast<int64_t>(num_classes_));
      classes.push_back(*most > 0 ? most - begin : usual);
    }
    return classes;
  }

 private:
  size_t num_classes_;
  std::vector<int64_t> counts_;
  int64_t total_ = 0;
};

struct Sums {
  explicit Sums(size_t size) : sum(size), count(size) {}
  void add(size_t i, double value) { sum[i] += value, count[i] += 1; }
  bool empty() const {
    return std::ranges::all_of(count, [](double n) { return n == 0; });
  }
  // The mean of all where nothing was added.
  std::vector<float> means() const {
    const double usual =
        std::accumulate(sum.begin(), sum.end(), 0.0) / std::max(1.0, std::accumulate(count.begin(), count.end(), 0.0));
    std::vector<float> means;
    for (size_t i = 0; i < sum.size(); ++i) means.push_back(static_cast<float>(count[i] > 0 ? sum[i] / count[i] : usual));
    return means;
  }
  std::vector<double> sum, count;
};

// What is gathered of the samples.
class Gathered {
 public:
  explicit Gathered(const Vocabulary& vocabulary)
      : vocabulary_(vocabulary),
        depth_(kPlaces),
        semantic_(vocabulary.labels.size()),
        segments_(vocabulary.segments.size()),
        joints_(2 * vocabulary.joints.size()),
        labels_(vocabulary.images.size()) {}

  void add(const Sample& sample);
  BlindPredictor::State state(uint64_t seed) const;
  // What the set should have and none of the samples has.
  std::vector<std::string> missing() const;

 private:
  void add_maps(const Sample& sample);
  void add_instance(const Instance& instance, const Box& around, const Image& image);

  const Vocabulary& vocabulary_;
  Sums depth_;
  ClassCounts semantic_, segments_;
  std::vector<ClassedBox> boxes_;
  bool has_masks_ = false;
  Sums joints_;
  std::vector<float> labels_;
};

void Gathered::add(const Sample& sample) {
  add_maps(sample);
  const std::optional<Person>& person = sample.targets.person;
  if (person && person->instance)  // a sample of one person, whose others have samples of their own
    add_instance(sample.targets.instances.at(static_cast<size_t>(*person->instance)), person->box, sample.image);
  if (!person)
    for (const Instance& instance : sample.targets.instances)
      if (!instance.is_crowd) add_instance(instance, instance.box, sample.image);
  if (sample.targets.label) labels_.at(static_cast<size_t>(*sample.targets.label)) += 1;
}

void Gathered::add_maps(const Sample& sample) {
  const Targets& t = sample.targets;
  std::map<uint32_t, int64_t> category;
  for (const SegmentInfo& segment : t.panoptic.segments)
    if (!segment.is_crowd) category[segment.id] = segment.category;
  const std::vector<size_t> pixels = pixels_of_places(sample.image.height, sample.image.width);
  for (size_t place = 0; place < pixels.size(); ++place) {
    const size_t pixel = pixels[place];
    if (!t.depth.empty() && t.depth[pixel] > 0) depth_.add(place, t.depth[pixel]);
    if (!t.semantic.empty() && t.semantic[pixel] != kIgnoreLabel) semantic_.add(place, t.semantic[pixel]);
    if (t.panoptic.ids.empty()) continue;
    const auto found = category.find(t.panoptic.ids[pixel]);
    if (found != category.end()) segments_.add(place, static_cast<size_t>(found->second));
  }
}

void Gathered::add_instance(const Instance& instance, const Box& around, const Image& image) {
  const double height = static_cast<double>(image.height), width = static_cast<double>(image.width);
  const Box box = clip(around, height, width);
  if (box.x1 <= box.x0 || box.y1 <= box.y0) return;
  boxes_.push_back({to_cxcywh(box, height, width), instance.category});
  has_masks_ = has_masks_ || !instance.mask.counts.empty();
  for (size_t j = 0; j < instance.keypoints.size(); ++j) {
    const Keypoint& joint = instance.keypoints[j];
    if (joint.visibility == Visibility::kUnlabelled) continue;
    joints_.add(2 * j, (joint.x - box.x0) / (box.x1 - box.x0));
    joints_.add(2 * j + 1, (joint.y - box.y0) / (box.y1 - box.y0));
  }
}

std::vector<std::string> Gathered::missing() const {
  std::vector<std::string> missing;
  const auto require = [&](bool expected, bool is_empty, const char* what) {
    if (expected && is_empty) missing.emplace_back(what);
  };
  require(!vocabulary_.objects.empty(), boxes_.empty(), "object with a box that has an area: no object");
  require(!vocabulary_.labels.empty(), semantic_.empty(), "pixel of a class where it was looked at: no class");
  require(!vocabulary_.segments.empty(), segments_.empty(), "pixel of a segment where it was looked at: no segment");
  require(vocabulary_.has_depth, depth_.empty(), "pixel with a depth where it was looked at: no depth");
  return missing;
}

BlindPredictor::State Gathered::state(uint64_t seed) const {
  BlindPredictor::State state;
  const std::vector<int64_t> map{kBlindGrid, kBlindGrid};  // of every kind that the data has, though these samples be empty
  if (vocabulary_.has_depth) state["depth"] = {map, depth_.means()};
  if (!vocabulary_.labels.empty()) state["semantic"] = {map, semantic_.majority()};
  if (!vocabulary_.segments.empty()) state["panoptic"] = {map, segments_.majority()};
  if (!boxes_.empty()) {
    const BoxClusters clusters = cluster_boxes(boxes_, vocabulary_.objects.size(), kBlindBoxes, seed);
    const int64_t count = std::ssize(clusters.centres) / 4;
    state[has_masks_ ? "filled_boxes" : "boxes"] = {{count, 4}, clusters.centres};
    state["box_scores"] = {{count, std::ssize(vocabulary_.objects)}, clusters.shares};
  }
  if (!joints_.empty()) state["joints"] = {{std::ssize(vocabulary_.joints), 2}, joints_.means()};
  const float num_labels = std::accumulate(labels_.begin(), labels_.end(), 0.0F);
  if (num_labels > 0) {
    std::vector<float> shares = labels_;
    for (float& share : shares) share /= num_labels;
    state["labels"] = {{std::ssize(shares)}, std::move(shares)};
  }
  return state;
}

const std::vector<float>& floats(const Array& array) { return std::get<std::vector<float>>(array.values); }
const std::vector<int64_t>& integers(const Array& array) { return std::get<std::vector<int64_t>>(array.values); }

// The classes of a map as one segment each.
Panoptic segments_of(const std::vector<int64_t>& classes, const std::vector<size_t>& places) {
  Panoptic panoptic;
  std::map<int64_t, uint32_t> ids;
  for (const size_t place : places) {
    const int64_t category = classes[place];
    const auto [found, is_new] = ids.try_emplace(category, static_cast<uint32_t>(ids.size()) + 1);
    if (is_new) panoptic.segments.push_back({found->second, category, false});
    panoptic.ids.push_back(found->second);
  }
  return panoptic;
}

Rle filled(const Box& box, int64_t height, int64_t width) {
  std::vector<uint8_t> mask(static_cast<size_t>(height * width));
  for (auto y = static_cast<int64_t>(box.y0 + 0.5); y < static_cast<int64_t>(box.y1 + 0.5); ++y)
    for (auto x = static_cast<int64_t>(box.x0 + 0.5); x < static_cast<int64_t>(box.x1 + 0.5); ++x)
      mask[static_cast<size_t>(y * width + x)] = 1;
  return rle_from_mask(mask, height, width);
}

}  // namespace

std::filesystem::path blind_file(const std::filesystem::path& checkpoint) {
  return checkpoint / format("{}.safetensors", kBlindStem);
}

BlindPredictor BlindPredictor::learn(const AnnotatedDataset& data, uint64_t seed) {
  std::vector<int64_t> ids(static_cast<size_t>(data.size()));
  std::iota(ids.begin(), ids.end(), int64_t{0});
  Rng rng(seed, 0, 0, RandomOp::kBlind);
  shuffle(ids, rng);
  ids.resize(std::min<size_t>(ids.size(), kBlindSamples));
  Gathered gathered(data.vocabulary());
  int64_t num_read = 0;
  std::string reason;  // of the last that couldn't be
  Pace pace("learning to predict without looking", std::ssize(ids));
  for (const int64_t id : ids) {
    try {
      gathered.add(data.get(id));
      pace.show(++num_read);
    } catch (const DataError& error) {
      reason = error.what();  // the loader counts and names bad files
    }
  }
  log_status("");
  if (num_read == 0) throw DataError("blind predictors", "no sample could be read, for one " + reason);
  for (const std::string& what : gathered.missing())
    log_warning("none of {} training samples has any {} can be learned from them", num_read, what);
  return BlindPredictor(gathered.state(seed));
}

const Array* BlindPredictor::find(const std::string& name) const {
  const auto found = state_.find(name);
  return found == state_.end() ? nullptr : &found->second;
}

void BlindPredictor::add_detections(Prediction& prediction) const {
  const Array* boxes = find("boxes");
  const Array* filled_boxes = find("filled_boxes");
  if (!boxes && !filled_boxes) return;
  const double height = static_cast<double>(prediction.height), width = static_cast<double>(prediction.width);
  for (const ClassedBox& box : ranked(floats(boxes ? *boxes : *filled_boxes), floats(state_.at("box_scores")))) {
    Detection detection{.category = box.category, .score = box.score, .box = to_corners(box.box, height, width)};
    if (filled_boxes) detection.mask = filled(detection.box, prediction.height, prediction.width);
    prediction.detections.push_back(std::move(detection));
  }
}

void BlindPredictor::add_pose(const Person& person, Prediction& prediction) const {
  const Array* joints = find("joints");
  if (!joints || !person.score) return;
  Detection detection{.score = *person.score, .box = person.box};
  const std::vector<float>& means = floats(*joints);
  for (size_t i = 0; i < means.size(); i += 2) {
    detection.keypoints.push_back({person.box.x0 + means[i] * (person.box.x1 - person.box.x0),
                                   person.box.y0 + means[i + 1] * (person.box.y1 - person.box.y0), 1});
  }
  prediction.detections = {std::move(detection)};
}

BlindPredictor BlindPredictor::read(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  State state;
  for (const std::string& name : file.names()) {
    const TensorInfo& info = *file.find(name);
    if (info.dtype == "F32") state[name] = {info.shape, elements<float>(info)};
    else if (info.dtype == "I64") state[name] = {info.shape, elements<int64_t>(info)};
    else throw DataError(path.string(), "is no blind predictor", format("{} is {}", name, info.dtype));
  }
  return BlindPredictor(std::move(state));
}

std::string BlindPredictor::to_text() const {
  Json arrays = Json::object();
  for (const auto& [name, array] : state_) {
    Json numbers =
        std::visit([](const auto& values) { return Json(Json::Array(values.begin(), values.end())); }, array.values);
    const bool is_real = std::holds_alternative<std::vector<float>>(array.values);
    arrays.set(name, Json::Array{Json::Array(array.shape.begin(), array.shape.end()), is_real, std::move(numbers)});
  }
  return arrays.dump();
}

BlindPredictor BlindPredictor::of_text(std::string_view text) {
  State state;
  const Json arrays = Json::parse(text, "a blind predictor");
  for (const auto& [name, parts] : arrays.as_object()) {
    const Json::Array& array = parts.as_array();
    std::vector<float> reals;
    std::vector<int64_t> integers, shape;
    for (const Json& length : array.at(0).as_array()) shape.push_back(length.as_int());
    const bool is_real = array.at(1).as_bool();
    for (const Json& number : array.at(2).as_array())
      if (is_real) reals.push_back(static_cast<float>(number.as_double()));
      else integers.push_back(number.as_int());
    if (is_real) state[name] = {std::move(shape), std::move(reals)};
    else state[name] = {std::move(shape), std::move(integers)};
  }
  return BlindPredictor(std::move(state));
}

Prediction BlindPredictor::predict(int64_t height, int64_t width, const std::optional<Person>& person) const {
  const std::vector<size_t> places = places_of_pixels(height, width);
  Prediction prediction{.height = height, .width = width};
  if (const Array* depth = find("depth"))
    for (const size_t place : places) prediction.depth.push_back(floats(*depth)[place]);
  if (const Array* semantic = find("semantic"))
    for (const size_t place : places) prediction.semantic.push_back(static_cast<uint16_t>(integers(*semantic)[place]));
  if (const Array* panoptic = find("panoptic")) prediction.panoptic = segments_of(integers(*panoptic), places);
  if (const Array* labels = find("labels")) prediction.label_scores.assign(floats(*labels).begin(), floats(*labels).end());
  if (person) add_pose(*person, prediction);
  else add_detections(prediction);
  return prediction;
}

}  // namespace glid
