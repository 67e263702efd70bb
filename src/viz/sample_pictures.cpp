#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "glid/core/format.h"
#include "glid/formats/resize.h"
#include "glid/viz/contact_sheet.h"
#include "glid/viz/draw.h"
#include "glid/viz/drawing_scale.h"
#include "glid/viz/heat_map.h"
#include "glid/viz/label.h"

namespace glid {
namespace {

constexpr double kMaskOpacity = 0.45, kLabelOpacity = 0.65;
constexpr size_t kMostNames = 3;  // of an object
constexpr Rgb kOutline{255, 255, 255};

// Places of the instances of each object, the last first: what could be of several classes stands there once a class.
std::vector<std::vector<size_t>> objects_of(const std::vector<Instance>& instances) {
  std::vector<std::vector<size_t>> objects;
  for (size_t i = instances.size(); i-- > 0;) {
    const auto is_the_same = [&](const std::vector<size_t>& object) {
      const Instance &a = instances[object[0]], &b = instances[i];
      return a.box == b.box && a.mask == b.mask && a.keypoints == b.keypoints;
    };
    const auto same = std::ranges::find_if(objects, is_the_same);
    if (same == objects.end()) objects.push_back({i});
    else same->push_back(i);
  }
  std::ranges::reverse(objects);
  return objects;
}

// A sample at the size at which it is drawn.
class Drawing {
 public:
  Drawing(const Sample& sample, const Vocabulary& vocabulary, int64_t side_px)
      : sample_(sample),
        vocabulary_(vocabulary),
        colors_(vocabulary),
        scale_(static_cast<double>(side_px) / static_cast<double>(std::max(sample.image.height, sample.image.width))),
        image_(glid::scaled(sample.image, scale_)) {}

  Image objects(std::span<const std::string> notes);
  Image labels();
  Image segments();
  std::vector<NamedColor> classes() const;

 private:
  // Of the pixel in the sample's image that is under each of the drawing's.
  template <class T>
  std::vector<T> scaled(std::span<const T> map) const;
  void tint(const Rle& mask, const Rgb& color, Image& image) const;
  Box scaled(const Box& box) const { return {box.x0 * scale_, box.y0 * scale_, box.x1 * scale_, box.y1 * scale_}; }
  Rgb color_of(const Instance& instance) const;
  // Of the i-th instance.
  NamedBox::Name name_of(size_t i, std::span<const std::string> notes);
  // The name of a class that was drawn.
  std::string used(const std::vector<Vocabulary::Class>& classes, size_t i, const Rgb& color);

  const Sample& sample_;
  const Vocabulary& vocabulary_;
  ClassColors colors_;
  double scale_;
  Image image_;
  std::map<std::string, Rgb> classes_;
};

template <class T>
std::vector<T> Drawing::scaled(std::span<const T> map) const {
  const int64_t height = sample_.image.height, width = sample_.image.width;
  std::vector<T> values;
  values.reserve(static_cast<size_t>(image_.height * image_.width));
  for (int64_t y = 0; y < image_.height; ++y)
    for (int64_t x = 0; x < image_.width; ++x)
      values.push_back(map[static_cast<size_t>(y * height / image_.height * width + x * width / image_.width)]);
  return values;
}

std::string Drawing::used(const std::vector<Vocabulary::Class>& classes, size_t i, const Rgb& color) {
  const std::string name = class_label(classes.at(i).name, classes.at(i).id);
  classes_.emplace(name, color);
  return name;
}

void Drawing::tint(const Rle& mask, const Rgb& color, Image& image) const {
  if (mask.counts.empty()) return;
  const std::vector<uint8_t> pixels = mask_from_rle(mask), seen = scaled(std::span<const uint8_t>(pixels));
  std::vector<uint16_t> labels(seen.size(), kIgnoreLabel);
  for (size_t i = 0; i < seen.size(); ++i)
    if (seen[i] != 0) labels[i] = 0;
  tint_labels(image, labels, {&color, 1}, kMaskOpacity);
}

Rgb Drawing::color_of(const Instance& instance) const { return colors_.objects.at(static_cast<size_t>(instance.category)); }

NamedBox::Name Drawing::name_of(size_t i, std::span<const std::string> notes) {
  const Instance& instance = sample_.targets.instances[i];
  const Rgb color = color_of(instance);
  std::string name = used(vocabulary_.objects, static_cast<size_t>(instance.category), color);
  if (i < notes.size()) name += " " + notes[i];
  return {instance.is_crowd ? name + " (crowd)" : name, color};
}

Image Drawing::objects(std::span<const std::string> notes) {
  Image image = image_;
  const std::vector<Instance>& instances = sample_.targets.instances;
  const std::vector<std::vector<size_t>> objects = objects_of(instances);
  for (const std::vector<size_t>& object : objects) {
    const Instance& first = instances[object[0]];
    tint(first.mask, color_of(first), image);
  }
  std::vector<NamedBox> boxes;
  for (const std::vector<size_t>& object : objects) {
    const Instance& first = instances[object[0]];
    std::vector<Keypoint> joints = first.keypoints;
    for (Keypoint& joint : joints) joint.x *= scale_, joint.y *= scale_;
    draw_keypoints(image, joints, vocabulary_.limbs, color_of(first));
    boxes.push_back({scaled(first.box), color_of(first), {}});
    for (size_t n = 0; n < std::min(object.size(), kMostNames); ++n) boxes.back().names.push_back(name_of(object[n], notes));
    if (object.size() > kMostNames)
      boxes.back().names.push_back({format("+{}", object.size() - kMostNames), color_of(first)});
  }
  draw_boxes(image, boxes);  // last, so that no limb crosses a name
  return image;
}

Image Drawing::labels() {
  Image image = image_;
  const std::vector<uint16_t> labels = scaled(std::span<const uint16_t>(sample_.targets.semantic));
  tint_labels(image, labels, colors_.labels, kLabelOpacity);
  std::vector<bool> seen(colors_.labels.size());
  for (const uint16_t label : labels)
    if (label != kIgnoreLabel && label < seen.size()) seen[label] = true;
  for (size_t c = 0; c < seen.size(); ++c)
    if (seen[c]) used(vocabulary_.labels, c, colors_.labels[c]);
  return image;
}

Image Drawing::segments() {
  Image image = image_;
  std::unordered_map<uint32_t, uint16_t> labels_of = {{0, kIgnoreLabel}};
  for (const SegmentInfo& segment : sample_.targets.panoptic.segments) {
    const auto category = static_cast<size_t>(segment.category);
    used(vocabulary_.segments, category, colors_.segments.at(category));
    labels_of.emplace(segment.id, static_cast<uint16_t>(category));
  }
  const std::vector<uint32_t> ids = scaled(std::span<const uint32_t>(sample_.targets.panoptic.ids));
  std::vector<uint16_t> labels;
  for (const uint32_t id : ids) labels.push_back(labels_of.at(id));
  tint_labels(image, labels, colors_.segments, kLabelOpacity);
  outline(image, ids, kOutline);
  return image;
}

std::vector<NamedColor> Drawing::classes() const {
  std::vector<NamedColor> list;
  for (const auto& [name, color] : classes_) list.push_back({name, color});
  return list;
}

// From the nearest valid pixel to the farthest; what is not valid is grey.
Image draw_depth(const Sample& sample, int64_t side_px) {
  std::vector<double> metres(sample.targets.depth.begin(), sample.targets.depth.end());
  double low = HUGE_VAL, high = 0;
  for (double& depth : metres) {
    if (!(depth > 0)) depth = NAN;
    if (!std::isfinite(depth)) continue;
    low = std::min(low, depth);
    high = std::max(high, depth);
  }
  if (low == high) low = 0, high *= 2;  // of one depth: in the middle
  const ColorScale scale = low < high ? ColorScale{low, high, "m"} : ColorScale{0, 1, "m"};
  const int64_t height = sample.image.height, width = sample.image.width;
  const double factor = static_cast<double>(side_px) / static_cast<double>(std::max(height, width));
  const Image map = scaled(heat_map(metres, height, width, scale.low, scale.high), factor);
  return with_color_bar(map, scale, drawing_scale(map));
}

}  // namespace

SamplePictures draw_sample(const Sample& sample, const Vocabulary& vocabulary, int64_t side_px,
                           std::span<const std::string> notes) {
  Drawing drawing(sample, vocabulary, side_px);
  SamplePictures drawn;
  std::string name = sample.name;
  if (const auto& label = sample.targets.label; label && !vocabulary.images.empty()) {
    const Vocabulary::Class& c = vocabulary.images.at(static_cast<size_t>(*label));
    name += format(": {}", class_label(c.name, c.id));
  }
  drawn.pictures.push_back({drawing.objects(notes), name});
  if (!sample.targets.semantic.empty()) drawn.pictures.push_back({drawing.labels(), "classes of pixels"});
  if (!sample.targets.panoptic.ids.empty()) drawn.pictures.push_back({drawing.segments(), "segments"});
  if (!sample.targets.depth.empty()) drawn.pictures.push_back({draw_depth(sample, side_px), "depth in metres"});
  drawn.classes = drawing.classes();
  return drawn;
}

}  // namespace glid
