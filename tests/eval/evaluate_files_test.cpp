#include "glid/eval/evaluate_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/formats/depth_map.h"
#include "glid/formats/image_file.h"
#include "glid/formats/label_map.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::optional<double> metric(const Report& report, const std::string& name) {
  for (const auto& [key, value] : report.metrics)
    if (key == name) return value;
  ADD_FAILURE() << "no metric " << name;
  return {};
}

std::vector<std::string> names(const NamedValues& values) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  return names;
}

std::optional<double> variant(const Report& report, const std::string& name, const std::string& protocol) {
  for (const Variant& v : report.variants)
    if (v.metric == name && v.protocol == protocol) return v.value;
  ADD_FAILURE() << "no variant " << name << " of " << protocol;
  return {};
}

class EvaluateFiles : public testing::Test {
 protected:
  EvaluateFiles() {
    for (const char* folder : {"truth", "result"}) fs::create_directory(root / folder);
  }

  fs::path write(const std::string& name, const std::string& content) const {
    write_file(root / name, content);
    return root / name;
  }
  void labels(const std::string& name, std::vector<uint16_t> values) const {
    write_label_png(root / name, {2, std::ssize(values) / 2, std::move(values)});
  }
  void depth(const std::string& name, std::vector<double> metres, double units_per_metre = 1000) const {
    write_depth_png(root / name, {2, std::ssize(metres) / 2, std::move(metres)}, units_per_metre);
  }
  EvalRequest folders(const FileMetricSettings& task) const {
    return {.settings = {task}, .results = root / "result", .annotations = root / "truth"};
  }
  EvalRequest files(const FileMetricSettings& task, const std::string& truth, const std::string& result) const {
    return {.settings = {task}, .results = write("result.json", result), .annotations = write("truth.json", truth)};
  }
  static SemanticFileSettings three_classes() {
    SemanticFileSettings settings;
    settings.num_classes = 3;
    return settings;
  }
  static DepthFileSettings whole_images() {
    DepthFileSettings settings;
    settings.crop = DepthCrop::kNone;
    return settings;
  }
  void expect_plots(EvalRequest request, const std::vector<std::string>& names) const {
    request.plots = root / "plots";
    evaluate_files(request);
    for (const std::string& name : names) EXPECT_GT(read_image(request.plots / name).height, 0) << name;
  }
  static std::string error_of(const EvalRequest& request) {
    try {
      evaluate_files(request);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  TemporaryFolder folder_;
  const fs::path root = folder_.path();
};

constexpr const char* kTruth = R"({"images": [{"id": 5, "height": 100, "width": 100, "file_name": "a.jpg"}],
  "categories": [{"id": 3, "name": "cat"}, {"id": 8, "name": "dog"}],
  "annotations": [{"id": 1, "image_id": 5, "category_id": 3, "bbox": [10, 10, 20, 20], "area": 400, "iscrowd": 0,
                   "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]]}]})";

TEST_F(EvaluateFiles, BoxesThatAreRight) {
  const Report report = evaluate_files(
      files(BoxSettings{}, kTruth, R"([{"image_id": 5, "category_id": 3, "bbox": [10, 10, 20, 20], "score": 0.5}])"));
  EXPECT_EQ(report.task, "box");
  EXPECT_EQ(report.protocol, "coco");
  EXPECT_EQ(report.images, 1);
  EXPECT_DOUBLE_EQ(*metric(report, "AP"), 1);
  EXPECT_DOUBLE_EQ(*metric(report, "APs"), 1);
  EXPECT_FALSE(metric(report, "APl"));
  ASSERT_EQ(report.per_class.size(), 2u);
  EXPECT_EQ(report.per_class[0].name, "cat");
  EXPECT_FALSE(report.per_class[1].values[0].second) << "dogs have no truth";
}

// IoU 10 x 20 / (400 + 400 - 200) = 1/3 matches at a threshold of 0.3 only.
TEST_F(EvaluateFiles, BoxesInOtherUnitsAreNoted) {
  const auto notes_of = [&](const std::string& box) {
    const std::string result = R"([{"image_id": 5, "category_id": 3, "score": 0.5, "bbox": [)" + box + "]}]";
    return evaluate_files(files(BoxSettings{}, kTruth, result)).notes;
  };
  EXPECT_THAT(notes_of("10, 10, 20, 20"), Not(Contains(HasSubstr("boxes"))));
  EXPECT_THAT(notes_of("0.1, 0.1, 0.2, 0.2"), Contains(HasSubstr("results: 1 of 1 boxes lie within the first pixel")));
  EXPECT_THAT(notes_of("60, 70, 90, 90"),
              Contains(HasSubstr("results: 1 of 1 boxes leave their image, but all fit it as [x0")));
  std::string corners = kTruth;
  corners.replace(corners.find("[10, 10, 20, 20]"), 16, "[60, 60, 95, 80]");
  EXPECT_THAT(evaluate_files(files(BoxSettings{}, corners, "[]")).notes,
              Contains(HasSubstr("annotations: 1 of 1 boxes leave")));
}

TEST_F(EvaluateFiles, ThresholdsOfTheUser) {
  EvalRequest request =
      files(BoxSettings{}, kTruth, R"([{"image_id": 5, "category_id": 3, "bbox": [20, 10, 20, 20], "score": 0.5}])");
  EXPECT_EQ(metric(evaluate_files(request), "AP"), 0);
  std::get<BoxSettings>(request.settings.metric).iou_thresholds = {{0.3, 0.4}};
  const Report report = evaluate_files(request);
  EXPECT_DOUBLE_EQ(*metric(report, "AP"), 0.5);
  EXPECT_EQ(report.rules, "pycocotools 2.0.11; IoU 0.3, 0.4; with settings of yours: eval.iou_thresholds = [0.3, 0.4]");
}

TEST_F(EvaluateFiles, RulesSayTheThresholdsThatAreUsed) {
  BoxSettings settings;
  EXPECT_EQ(evaluate_files(files(settings, kTruth, "[]")).rules, "pycocotools 2.0.11; IoU 0.5 to 0.95 in steps of 0.05");
  settings.protocol = ApProtocol::kVocAllPoint;
  EXPECT_THAT(evaluate_files(files(settings, kTruth, "[]")).rules, testing::EndsWith("; IoU 0.5"));
  settings.iou_thresholds = {{0.3}};
  EXPECT_THAT(evaluate_files(files(settings, kTruth, "[]")).rules, testing::Not(HasSubstr("0.5")));
  settings.iou_thresholds = {{0.5}};
  EXPECT_THAT(evaluate_files(files(settings, kTruth, "[]")).rules, testing::EndsWith("; IoU 0.5")) << "the protocol's own";
  settings.max_dets = {{3, 5}};
  EXPECT_THAT(evaluate_files(files(settings, kTruth, "[]")).rules, HasSubstr("yours: eval.max_dets = [3, 5]"));
}

TEST_F(EvaluateFiles, AreaRangesOfTheUser) {
  EvalRequest request =
      files(BoxSettings{}, kTruth, R"([{"image_id": 5, "category_id": 3, "bbox": [10, 10, 20, 20], "score": 0.5}])");
  std::get<BoxSettings>(request.settings.metric).area_ranges = {{{0, 100.5}, {100, 400}, {401, 1e10}}};
  request.plots = root / "plots";
  const Report report = evaluate_files(request);
  EXPECT_THAT(names(report.metrics),
              testing::ElementsAre("AP", "AP50", "AP75", "AP_0-100.5", "AP_100-400", "AP_401-1e10", "AR1", "AR10", "AR100",
                                   "AR_0-100.5", "AR_100-400", "AR_401-1e10"));
  EXPECT_DOUBLE_EQ(*metric(report, "AP"), 1) << "of all areas, though none of the ranges is";
  EXPECT_FALSE(metric(report, "AP_0-100.5"));
  EXPECT_DOUBLE_EQ(*metric(report, "AP_100-400"), 1);
  EXPECT_FALSE(metric(report, "AP_401-1e10"));
  EXPECT_THAT(report_csv(report), HasSubstr("id,name,AP,AP50,AP75,AP_0-100.5,"));
  EXPECT_GT(read_image(request.plots / "ap_by_area.png").height, 0);
}

TEST_F(EvaluateFiles, AllAreasAmongTheRangesOfTheUserAreAp) {
  EvalRequest request =
      files(BoxSettings{}, kTruth, R"([{"image_id": 5, "category_id": 3, "bbox": [10, 10, 20, 20], "score": 0.5}])");
  std::get<BoxSettings>(request.settings.metric).area_ranges = {{{0, 64}, {0, 1e10}}};
  EXPECT_THAT(names(evaluate_files(request).metrics),
              testing::ElementsAre("AP", "AP50", "AP75", "AP_0-64", "AR1", "AR10", "AR100", "AR_0-64"));
  std::get<BoxSettings>(request.settings.metric).area_ranges = {{{64, 0}}};
  EXPECT_THAT(error_of(request), HasSubstr("eval.area_ranges: '64-0' ends before it begins"));
}

TEST_F(EvaluateFiles, Masks) {
  const Report report = evaluate_files(
      files(MaskSettings{}, kTruth,
            R"([{"image_id": 5, "category_id": 3, "score": 0.5, "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]]}])"));
  EXPECT_DOUBLE_EQ(*metric(report, "AP"), 1);
}

TEST_F(EvaluateFiles, Keypoints) {
  EvalRequest request = files(
      KeypointSettings{},
      R"({"images": [{"id": 1, "height": 100, "width": 100}], "categories": [{"id": 1, "name": "person", "keypoints": ["a",
         "b"]}], "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50], "area": 2500,
                          "iscrowd": 0, "num_keypoints": 2, "keypoints": [10, 10, 2, 20, 20, 1]}]})",
      R"([{"image_id": 1, "category_id": 1, "score": 1.0, "keypoints": [10, 10, 1, 20, 20, 1]}])");
  EXPECT_THAT(error_of(request), HasSubstr("sigmas"));
  std::get<KeypointSettings>(request.settings.metric).sigmas = {{0.1, 0.1}};
  const Report report = evaluate_files(request);
  EXPECT_DOUBLE_EQ(*metric(report, "AP"), 1);
  EXPECT_DOUBLE_EQ(*metric(report, "APm"), 1);
  EXPECT_FALSE(metric(report, "APl"));
}

// Thing 1: 4 px in both, 3 in common: 3 / 5; VOID elsewhere. Stuff 2: its 4 px exactly.
TEST_F(EvaluateFiles, Panoptic) {
  const std::string head = R"({"images": [{"id": 1, "height": 2, "width": 8}],
    "categories": [{"id": 1, "name": "t", "isthing": 1}, {"id": 2, "name": "s", "isthing": 0}], "annotations": [{"image_id":
    1, "file_name": "a.png", "segments_info": [{"id": 7, "category_id": 1, "area": 4, "iscrowd": 0}, {"id": 9,
    "category_id": 2, "area": 4, "iscrowd": 0}]}]})";
  EvalRequest request = files(PanopticFileSettings{}, head, head);
  write_panoptic_png(root / "truth" / "a.png", {2, 8, {7, 7, 7, 7, 0, 0, 9, 9, 0, 0, 0, 0, 0, 0, 9, 9}});
  write_panoptic_png(root / "result" / "a.png", {2, 8, {7, 7, 7, 0, 0, 0, 9, 9, 0, 0, 0, 0, 0, 0, 9, 9}});
  Report report = evaluate_files(request);
  EXPECT_DOUBLE_EQ(*metric(report, "PQ_th"), 0.75);  // the missing pixel of the prediction counts, VOID doesn't
  EXPECT_DOUBLE_EQ(*metric(report, "PQ_st"), 1);
  EXPECT_DOUBLE_EQ(*metric(report, "PQ"), 0.875);
  EXPECT_DOUBLE_EQ(*metric(report, "RQ"), 1);
  EXPECT_THAT(report_table(report), testing::AllOf(HasSubstr("PQ (N = 2)     0.875\n"), HasSubstr("PQ_th (N = 1)  0.75\n")));

  write("result.json", R"({"annotations": []})");
  EXPECT_THAT(error_of(request), HasSubstr("has no result for image 1"));
  std::get<PanopticFileSettings>(request.settings.metric).missing_as_empty = true;
  report = evaluate_files(request);
  EXPECT_EQ(metric(report, "PQ"), 0);
  EXPECT_THAT(report.rules, testing::EndsWith("with settings of yours: eval.missing_as_empty = true"));
}

TEST_F(EvaluateFiles, PanopticResultOfAnUnknownImage) {
  const std::string truth = R"({"images": [], "categories": [{"id": 1, "name": "t", "isthing": 1}], "annotations": []})";
  const EvalRequest request = files(PanopticFileSettings{}, truth,
                                    R"({"annotations": [{"image_id": 4, "file_name": "a.png", "segments_info": []}]})");
  EXPECT_THAT(evaluate_files(request).notes,
              testing::Contains("1 result left out: the annotations don't have their image (first: image 4)"));
}

// Truth 0 0 1 1 2 255, predicted 0 1 1 1 0 2: IoU 1/3, 2/3, 0.
TEST_F(EvaluateFiles, Semantic) {
  labels("truth/a.png", {0, 0, 1, 1, 2, 255});
  labels("result/a.png", {0, 1, 1, 1, 0, 2});
  const Report report = evaluate_files(folders(three_classes()));
  EXPECT_DOUBLE_EQ(*metric(report, "mIoU"), (1.0 / 3 + 2.0 / 3) / 3);
  EXPECT_DOUBLE_EQ(*metric(report, "mAcc"), (0.5 + 1 + 0) / 3);
  EXPECT_DOUBLE_EQ(*metric(report, "aAcc"), 0.6);
  EXPECT_EQ(report.confusion[2], (std::vector<int64_t>{1, 0, 0, 0}));
  EXPECT_EQ(report.per_class.size(), 3u);
}

TEST_F(EvaluateFiles, SemanticNotesOfAnnotationsThatSayLittle) {
  labels("truth/a.png", {0, 0, 255, 255});
  labels("result/a.png", {0, 0, 1, 1});
  EXPECT_THAT(evaluate_files(folders(three_classes())).notes,
              ElementsAre("the annotations are all 0 or 255, and 255 is ignored: if it is a class, number it 1"));
  labels("truth/a.png", {1, 255, 255, 255});
  EXPECT_THAT(evaluate_files(folders(three_classes())).notes,
              ElementsAre("3 of 4 annotated pixels are ignored (eval.ignore_label, eval.reduce_zero_label)"));
  labels("truth/a.png", {1, 1, 0, 255});
  EXPECT_THAT(evaluate_files(folders(three_classes())).notes, ElementsAre());
}

TEST_F(EvaluateFiles, SemanticProtocolsDifferOnAbsentClasses) {
  labels("truth/a.png", {0, 0, 0, 0});
  labels("result/a.png", {0, 0, 0, 1});
  EvalRequest request = folders(three_classes());
  const Report report = evaluate_files(request);
  EXPECT_DOUBLE_EQ(*variant(report, "mIoU", "detectron2"), 0.75);
  EXPECT_DOUBLE_EQ(*variant(report, "mIoU", "mmseg"), 0.375);
  EXPECT_DOUBLE_EQ(*variant(report, "mIoU", "csail"), 0.25);
  std::get<SemanticFileSettings>(request.settings.metric).protocol = MeanIouProtocol::kCsail;
  EXPECT_DOUBLE_EQ(*metric(evaluate_files(request), "mIoU"), 0.25);
}

TEST_F(EvaluateFiles, SemanticLabelsFromOne) {
  labels("truth/a.png", {0, 1, 2, 3});
  labels("result/a.png", {3, 1, 2, 3});
  EvalRequest request = folders(three_classes());
  EXPECT_THAT(error_of(request), HasSubstr("3"));
  std::get<SemanticFileSettings>(request.settings.metric).reduce_zero_label = true;
  std::get<SemanticFileSettings>(request.settings.metric).results_offset = -1;
  const Report report = evaluate_files(request);
  EXPECT_DOUBLE_EQ(*metric(report, "mIoU"), 1);
  EXPECT_THAT(report.rules, testing::EndsWith("yours: eval.reduce_zero_label = true, eval.results_offset = -1"));
}

TEST_F(EvaluateFiles, SemanticBadFiles) {
  const EvalRequest request = folders(three_classes());
  EXPECT_THAT(error_of(request), HasSubstr("holds no .png file"));
  labels("truth/a.png", {0, 0});
  labels("result/b.png", {0, 0});
  EXPECT_THAT(error_of(request), HasSubstr("a.png: has no result in"));
  labels("truth/b.png", {0, 0});
  labels("result/a.png", {0, 0, 1, 1});
  EXPECT_THAT(error_of(request), HasSubstr("a.png: must be 2 x 1 as its annotation is (got 2 x 2)"));
  write_png(root / "result" / "a.png", Image::filled(2, 1, 0));
  EXPECT_THAT(error_of(request), HasSubstr("a.png"));
}

// Errors 1 of 2 and 1 of 4 metres.
TEST_F(EvaluateFiles, Depth) {
  depth("truth/a.png", {2, 4, 0, 10});
  depth("result/a.png", {1, 5, 3, 3});
  const Report report = evaluate_files(folders(whole_images()));
  EXPECT_DOUBLE_EQ(*metric(report, "abs_rel"), (0.5 + 0.25) / 2);
  EXPECT_DOUBLE_EQ(*metric(report, "rmse"), 1);
  EXPECT_DOUBLE_EQ(*metric(report, "d1"), 0);
  EXPECT_DOUBLE_EQ(*metric(report, "d2"), 0.5);
  EXPECT_EQ(report.per_image.size(), 1u);
  EXPECT_THAT(report.rules, HasSubstr("0.001 m < truth < 10 m, crop none; with settings of yours: eval.crop = none"));
}

TEST_F(EvaluateFiles, DepthProtocols) {
  depth("truth/a.png", {2, 4, 1, 1});
  depth("result/a.png", {1, 5, 1, 1});
  EvalRequest request = folders(whole_images());
  const Report report = evaluate_files(request);
  EXPECT_DOUBLE_EQ(*variant(report, "sq_rel", "nyu"), (0.5 + 0.25) / 4);
  EXPECT_DOUBLE_EQ(*variant(report, "sq_rel", "kitti"), (0.25 + 0.0625) / 4);
  std::get<DepthFileSettings>(request.settings.metric).protocol = DepthProtocol::kKitti;
  EXPECT_DOUBLE_EQ(*metric(evaluate_files(request), "sq_rel"), (0.25 + 0.0625) / 4);
}

// Of 256 units a metre, beyond NYUv2's 10 m, of another size than its crop is for.
TEST_F(EvaluateFiles, DepthOfKittiNeedsNoSettings) {
  depth("truth/a.png", {20, 40, 0, 100}, 256);
  depth("result/a.png", {22, 44, 3, 110}, 256);
  DepthFileSettings settings;
  settings.protocol = DepthProtocol::kKitti;
  const Report report = evaluate_files(folders(settings));
  EXPECT_DOUBLE_EQ(*metric(report, "abs_rel"), 0.1);
  EXPECT_DOUBLE_EQ(*metric(report, "sq_rel"), 0.01);
  EXPECT_DOUBLE_EQ(*metric(report, "rmse"), std::sqrt((4. + 16 + 100) / 3));
  const double inverse = std::pow(1. / 20 - 1. / 22, 2) + std::pow(1. / 40 - 1. / 44, 2) + std::pow(1. / 100 - 1. / 110, 2);
  EXPECT_NEAR(*metric(report, "iRMSE"), 1000 * std::sqrt(inverse / 3), 1e-12);
  EXPECT_THAT(report.rules, testing::EndsWith("; 0 m < truth, crop none; 256 units of a PNG in a metre"));
}

TEST_F(EvaluateFiles, RulesSayWhatOfADepthProtocolWasReplaced) {
  depth("truth/a.png", {20, 40, 0, 100}, 100);
  depth("result/a.png", {22, 44, 3, 110}, 100);
  DepthFileSettings settings;
  settings.protocol = DepthProtocol::kKitti;
  settings.max_depth = 80;
  settings.depth_scale = 100;
  settings.crop = DepthCrop::kNone;
  const Report report = evaluate_files(folders(settings));
  EXPECT_DOUBLE_EQ(*metric(report, "rmse"), std::sqrt((4. + 16) / 2));
  EXPECT_THAT(report.rules,
              testing::EndsWith("; 0 m < truth < 80 m, crop none; with settings of yours: eval.max_depth = 80.0, "
                                "eval.depth_scale = 100.0; 100 units of a PNG in a metre"));
}

TEST_F(EvaluateFiles, TheFirstWrongDepthIsNamedWhateverTheThreads) {
  for (int i = 10; i < 40; ++i) {
    depth(format("truth/{}.png", i), {1, 1});
    depth(format("result/{}.png", i), {1, 1});
  }
  EvalRequest request = folders(DepthFileSettings{});
  for (request.settings.threads = 1; request.settings.threads <= 8; ++request.settings.threads)
    EXPECT_THAT(error_of(request), HasSubstr("result/10.png: image 10: has a size")) << request.settings.threads;
}

TEST_F(EvaluateFiles, DepthImagesWithoutAValidPixelAreCounted) {
  depth("truth/a.png", {0, 0});
  depth("result/a.png", {1, 1});
  const Report report = evaluate_files(folders(whole_images()));
  EXPECT_FALSE(metric(report, "rmse"));
  EXPECT_EQ(report.images, 1);
  EXPECT_THAT(report.notes, testing::Contains(HasSubstr("skipped: 1 image without a valid pixel")));
}

TEST_F(EvaluateFiles, ThreadsChangeNothing) {
  for (const char* name : {"a.png", "b.png", "c.png"}) {
    depth(std::string("truth/") + name, {2, 4, 1, 7});
    depth(std::string("result/") + name, {1, 5.5, 1.25, 9});
  }
  EvalRequest request = folders(whole_images());
  request.settings.threads = 1;
  const std::string one = report_json(evaluate_files(request));
  request.settings.threads = 3;
  EXPECT_EQ(one, report_json(evaluate_files(request)));
}

TEST_F(EvaluateFiles, PlotsOfBoxes) {
  expect_plots(files(BoxSettings{}, kTruth, "[]"), {"precision_recall.png", "ap_by_class.png", "confusion.png"});
}

TEST_F(EvaluateFiles, PlotsOfLabels) {
  labels("truth/a.png", {0, 1, 2, 2});
  labels("result/a.png", {0, 1, 2, 1});
  expect_plots(folders(three_classes()), {"confusion.png", "IoU_by_class.png"});
}

TEST_F(EvaluateFiles, PlotsOfDepth) {
  depth("truth/a.png", {2, 4});
  depth("result/a.png", {1, 5});
  expect_plots(folders(whole_images()), {"depth_errors.png"});
  DepthFileSettings without_limits;
  without_limits.protocol = DepthProtocol::kKitti;
  expect_plots(folders(without_limits), {"depth_errors.png"});
}

}  // namespace
}  // namespace glid
