#include "demo_layouts.h"

#include <string>
#include <utility>
#include <vector>

#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/data/coco_records.h"
#include "glid/data/nyu_depth.h"
#include "glid/data/panoptic_records.h"
#include "glid/formats/ade20k.h"
#include "glid/formats/depth_map.h"
#include "glid/formats/jpeg.h"
#include "glid/formats/label_map.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr int kJpegQuality = 95;
constexpr double kNyuFocalPx = 518.8579;
constexpr double kMillimetres = 1000;

std::vector<CocoClass> object_categories(const Vocabulary& vocabulary) {
  std::vector<CocoClass> categories;
  for (const Vocabulary::Class& object : vocabulary.objects) categories.push_back({object.id, object.name});
  return categories;
}

// One for all objects, with the joints.
std::vector<CocoClass> joint_categories(const Vocabulary& vocabulary) {
  const bool is_one = vocabulary.objects.size() == 1;
  return {{1, is_one ? vocabulary.objects[0].name : "object", vocabulary.joints, vocabulary.limbs}};
}

CocoPicture picture_of(const Sample& scene, ImageId id, std::string file_name) {
  return {std::move(id), std::move(file_name), scene.image.height, scene.image.width};
}

DepthMap depth_of(const Sample& scene) {
  const std::vector<float>& metres = scene.targets.depth;
  return {scene.image.height, scene.image.width, {metres.begin(), metres.end()}};
}

void put_image(const fs::path& file, const Image& image) { put_file(file, encode_jpeg(image, kJpegQuality)); }

class ImageNetWriter : public LayoutWriter {
 public:
  explicit ImageNetWriter(fs::path folder) : folder_(std::move(folder)) {
    for (const char* name : kSceneClasses) fs::create_directories(folder_ / name);
  }
  void write(const Sample& scene) override {
    const char* name = kSceneClasses[static_cast<size_t>(*scene.targets.label)];
    put_image(folder_ / name / format("scene_{:06}.jpg", scene.id), scene.image);
  }

 private:
  fs::path folder_;
};

class CocoWriter : public LayoutWriter {
 public:
  CocoWriter(const fs::path& root, Split split, int64_t count, Vocabulary vocabulary)
      : vocabulary_(std::move(vocabulary)),
        annotations_(root / "annotations"),
        name_(format("{}2017", split_name(split))),
        images_(root / name_),
        instances_(static_cast<size_t>(count)),
        keypoints_(static_cast<size_t>(count)),
        segments_(static_cast<size_t>(count)) {
    fs::create_directories(annotations_ / ("panoptic_" + name_));
    fs::create_directories(images_);
  }
  void write(const Sample& scene) override {
    const CocoPicture picture = picture_of(scene, scene.id + 1, format("{:012}.jpg", scene.id + 1));
    put_image(images_ / picture.file_name, scene.image);
    put_segments(scene, picture);
    std::vector<Instance> instances = scene.targets.instances;
    instances_[static_cast<size_t>(scene.id)] = coco_part(picture, instances, object_categories(vocabulary_));
    for (Instance& instance : instances) instance.category = 0;
    keypoints_[static_cast<size_t>(scene.id)] = coco_part(picture, instances, joint_categories(vocabulary_));
  }
  void finish() override {
    put_file(annotations_ / format("instances_{}.json", name_), coco_file(instances_, object_categories(vocabulary_)));
    put_file(annotations_ / format("person_keypoints_{}.json", name_), coco_file(keypoints_, joint_categories(vocabulary_)));
    put_file(annotations_ / format("panoptic_{}.json", name_), panoptic_file(segments_, vocabulary_));
  }

 private:
  void put_segments(const Sample& scene, const CocoPicture& picture) {
    const std::string png = format("{:012}.png", scene.id + 1);
    const Panoptic& panoptic = scene.targets.panoptic;
    put_file(annotations_ / ("panoptic_" + name_) / png, encode_panoptic_png({picture.height, picture.width, panoptic.ids}));
    segments_[static_cast<size_t>(scene.id)] = panoptic_part(picture, png, panoptic, vocabulary_.segments);
  }

  Vocabulary vocabulary_;
  fs::path annotations_;
  std::string name_;
  fs::path images_;
  std::vector<CocoPart> instances_, keypoints_, segments_;
};

class AdeWriter : public LayoutWriter {
 public:
  AdeWriter(const fs::path& root, Split split, int64_t count)
      : root_(root),
        split_(split_name(split)),
        long_split_(split == Split::kTrain ? "training" : "validation"),
        instances_(static_cast<size_t>(count)) {
    for (const char* kind : {"images", "annotations", "annotations_instance"}) fs::create_directories(folder(kind));
  }
  void write(const Sample& scene) override {
    const std::string stem = format("ADE_{}_{:08}", split_, scene.id + 1);
    put_image(folder("images") / (stem + ".jpg"), scene.image);
    put_file(folder("annotations") / (stem + ".png"), encode_label_png(semantic(scene)));
    put_file(folder("annotations_instance") / (stem + ".png"), encode_panoptic_png(raster(scene)));
    instances_[static_cast<size_t>(scene.id)] =
        coco_part(picture_of(scene, stem, stem + ".jpg"), scene.targets.instances, thing_categories());
  }
  void finish() override {
    put_file(root_ / format("ade20k_instance_{}.json", split_), coco_file(instances_, thing_categories()));
  }

 private:
  fs::path folder(const char* kind) const { return root_ / kind / long_split_; }

  // The file's labels are one more than the classes.
  static LabelMap semantic(const Sample& scene) {
    LabelMap map{scene.image.height, scene.image.width, scene.targets.semantic};
    for (uint16_t& label : map.labels) label = label == 0 ? 1 : static_cast<uint16_t>(ade_thing_classes()[label - 1u] + 1);
    return map;
  }
  static IdMap raster(const Sample& scene) {
    IdMap map{scene.image.height, scene.image.width, std::vector<uint32_t>(scene.targets.semantic.size())};
    for (const Instance& instance : scene.targets.instances) {
      const auto id = static_cast<uint32_t>(instance.category + 1 + 256 * instance.id);
      const std::vector<uint8_t> mask = mask_from_rle(instance.mask);
      for (size_t i = 0; i < mask.size(); ++i)
        if (mask[i] != 0) map.ids[i] = id;
    }
    return map;
  }
  static std::vector<CocoClass> thing_categories() {
    std::vector<CocoClass> categories;
    for (const uint8_t id : ade_thing_classes()) categories.push_back({id, std::string(ade_classes()[id].name)});
    return categories;
  }

  fs::path root_;
  std::string split_, long_split_;
  std::vector<CocoPart> instances_;
};

class NyuWriter : public LayoutWriter {
 public:
  NyuWriter(const fs::path& root, Split split, int64_t count)
      : list_(root / (split == Split::kTrain ? NyuDepthV2::Config().train_list : NyuDepthV2::Config().val_list)),
        folder_(root / (split == Split::kTrain ? "sync" : "official_splits/test")),
        lines_(static_cast<size_t>(count)) {
    fs::create_directories(folder_ / kRoom);
  }
  void write(const Sample& scene) override {
    const std::string rgb = format("{}/rgb_{:05}.jpg", kRoom, scene.id);
    const std::string depth = format("{}/sync_depth_{:05}.png", kRoom, scene.id);
    put_image(folder_ / rgb, scene.image);
    put_file(folder_ / depth, encode_depth_png(depth_of(scene), kMillimetres));
    lines_[static_cast<size_t>(scene.id)] = format("/{} /{} {}\n", rgb, depth, kNyuFocalPx);
  }
  void finish() override {
    std::string text;
    for (const std::string& line : lines_) text += line;
    put_file(list_, text);
  }

 private:
  static constexpr const char* kRoom = "scenes_0001";
  fs::path list_, folder_;
  std::vector<std::string> lines_;
};

class VocWriter : public LayoutWriter {
 public:
  VocWriter(const fs::path& root, Split split, int64_t count) : root_(root), split_(split_name(split)), count_(count) {
    for (const char* folder : {"JPEGImages", "Annotations", "ImageSets/Main"}) fs::create_directories(root_ / folder);
  }
  void write(const Sample& scene) override {
    const std::string name = name_of_scene(scene.id);
    put_image(root_ / "JPEGImages" / (name + ".jpg"), scene.image);
    std::string xml = format(
        "<annotation>\n  <filename>{}.jpg</filename>\n  <size><width>{}</width><height>{}</height>"
        "<depth>3</depth></size>\n",
        name, scene.image.width, scene.image.height);
    for (const Instance& instance : scene.targets.instances) xml += object(instance);
    put_file(root_ / "Annotations" / (name + ".xml"), xml + "</annotation>\n");
  }
  void finish() override {
    std::string text;
    for (int64_t id = 0; id < count_; ++id) text += name_of_scene(id) + "\n";
    put_file(root_ / "ImageSets" / "Main" / (split_ + ".txt"), text);
  }

 private:
  std::string name_of_scene(int64_t id) const { return format("{}_{:06}", split_, id); }
  static std::string object(const Instance& instance) {
    const Box& box = instance.box;
    return format(
        "  <object><name>{}</name><difficult>0</difficult><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax>"
        "<ymax>{}</ymax></bndbox></object>\n",
        kSceneClasses[static_cast<size_t>(instance.category)], box.x0 + 1, box.y0 + 1, box.x1, box.y1);
  }

  fs::path root_;
  std::string split_;
  int64_t count_;
};

class PairsWriter : public LayoutWriter {
 public:
  PairsWriter(const fs::path& root, Split split)
      : images_(root / "images" / split_name(split)),
        labels_(root / "labels" / split_name(split)),
        depth_(root / "depth" / split_name(split)) {
    for (const fs::path* folder : {&images_, &labels_, &depth_}) fs::create_directories(*folder);
  }
  void write(const Sample& scene) override {
    const std::string stem = format("scene_{:06}", scene.id);
    put_image(images_ / (stem + ".jpg"), scene.image);
    put_file(labels_ / (stem + ".png"), encode_label_png({scene.image.height, scene.image.width, scene.targets.semantic}));
    put_file(depth_ / (stem + ".png"), encode_depth_png(depth_of(scene), kMillimetres));
  }

 private:
  fs::path images_, labels_, depth_;
};

}  // namespace

std::unique_ptr<LayoutWriter> make_layout_writer(DemoLayout layout, const fs::path& root, Split split,
                                                 const Scenes& scenes) {
  const int64_t count = scenes.size();
  switch (layout) {
    case DemoLayout::kImageNet: return std::make_unique<ImageNetWriter>(root / split_name(split));
    case DemoLayout::kCoco: return std::make_unique<CocoWriter>(root, split, count, scenes.vocabulary());
    case DemoLayout::kAde20k: return std::make_unique<AdeWriter>(root, split, count);
    case DemoLayout::kNyuDepth: return std::make_unique<NyuWriter>(root, split, count);
    case DemoLayout::kVoc: return std::make_unique<VocWriter>(root, split, count);
    case DemoLayout::kPairs: break;
  }
  return std::make_unique<PairsWriter>(root, split);
}

}  // namespace glid
