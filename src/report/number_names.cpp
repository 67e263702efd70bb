#include "number_names.h"

#include <algorithm>
#include <array>

#include "glid/core/format.h"
#include "run_values.h"

namespace glid {
namespace {

struct Entry {
  std::string_view name, words;
  std::optional<Better> better = Better::kHigher;
};

constexpr std::optional<Better> kNeither;

constexpr std::array kNames = std::to_array<Entry>({
    {"AP", "average precision: the area below precision over recall, its mean over classes and thresholds"},
    {"AP50", "AP where an overlap (IoU; of poses OKS) of 0.5 is enough"},
    {"AP75", "AP where the overlap must be 0.75"},
    {"APs", "AP of small objects, below 32 x 32 pixels"},
    {"APm", "AP of objects of 32 x 32 to 96 x 96 pixels"},
    {"APl", "AP of large objects, above 96 x 96 pixels"},
    {"AR", "average recall: the part of the objects that is found, its mean over classes and thresholds"},
    {"AR50", "AR where an overlap of 0.5 is enough"},
    {"AR75", "AR where the overlap must be 0.75"},
    {"AR1", "AR of the surest detection of each class in an image"},
    {"AR10", "AR of the 10 surest detections of each class in an image"},
    {"AR100", "AR of the 100 surest detections of each class in an image"},
    {"ARs", "AR of small objects, below 32 x 32 pixels"},
    {"ARm", "AR of objects of 32 x 32 to 96 x 96 pixels"},
    {"ARl", "AR of large objects, above 96 x 96 pixels"},
    {"PCK@0.1",
     "percentage of correct keypoints: of the labelled joints the part that is found within a tenth of the person's size"},
    {"PQ", "panoptic quality, SQ times RQ: its mean over classes"},
    {"SQ", "segmentation quality: the mean overlap (IoU) of the segments that are found"},
    {"RQ", "recognition quality: how many segments are found, and how many of nothing (F1)"},
    {"mIoU", "mean intersection over union: the overlap of predicted and true pixels of a class, its mean over classes"},
    {"mAcc", "mean accuracy: of a class's pixels the part that is right, its mean over classes"},
    {"aAcc", "the part of all pixels that is right"},
    {"fwIoU", "frequency-weighted IoU: classes count by their pixels"},
    {"abs_rel", "absolute relative error: |truth - prediction| / truth", Better::kLower},
    {"sq_rel", "squared relative error: (truth - prediction)^2 / truth", Better::kLower},
    {"rmse", "root mean squared error", Better::kLower},
    {"rmse_log", "root mean squared error of logarithms", Better::kLower},
    {"iRMSE", "root mean squared error of inverse depths", Better::kLower},
    {"log10", "mean error of decimal logarithms", Better::kLower},
    {"silog", "scale-invariant error of logarithms", Better::kLower},
    {"d1", "the part of the pixels that is wrong by a factor below 1.25"},
    {"d2", "the part of the pixels that is wrong by a factor below 1.25^2"},
    {"d3", "the part of the pixels that is wrong by a factor below 1.25^3"},
    {"top1", "the part of the images whose class comes first"},
    {"top5", "the part of the images whose class is among the first five"},
    {"loss", "what training makes small; of one task, with one configuration, on the same images", Better::kLower},
    {"lr", "learning rate: the step width of the optimiser", kNeither},
    {"grad_norm", "length of the gradient of all weights, before it is clipped", kNeither},
    {"smallest_fusion_weight", "the smallest weight that BiFPN gives a scale where it fuses several: near 0 one is left out",
     kNeither},
    {"code_accuracy", "the part of the hidden units whose code is right"},
    {"query_spread", "how far the answers of an image's queries are apart", kNeither},
    {"images_per_s", "training images a second"},
    {"data_wait", "the part of the time that training waits for images", Better::kLower},
    {"memory_mib", "memory in MiB", Better::kLower},
});

// Parts of the loss, by their names in tasks.
struct LossAbout {
  std::string_view name, about;
};
constexpr LossAbout kLossParts[] = {{"class", "classes"},
                                   {"l1", "sides of boxes, L1"},
                                   {"giou", "overlap of boxes, GIoU"},
                                   {"mask", "pixels of masks, cross-entropy"},
                                   {"dice", "overlap of masks, dice"},
                                   {"pixels", "hidden pixels"},
                                   {"codes", "codes of hidden units"},
                                   {"si", "depth, scale-invariant"},
                                   {"heatmap", "heatmaps of joints"}};
constexpr std::string_view kLossPrefix = "loss_", kOneToMany = "many_";

struct Ending {
  std::string_view text, words;
};
constexpr Ending kEndings[] = {{"_ema", "; of averaged weights (EMA)"},
                               {"_th", "; of things, which can be counted"},
                               {"_st", "; of stuff, which can't be counted"}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "mask.AP" without the task, "PCK@0.1" as it is.
std::string_view without_task(std::string_view name) {
  const size_t dot = name.find('.');
  return dot == name.npos || std::ranges::any_of(name.substr(0, dot), is_digit) ? name : name.substr(dot + 1);
}

// Of "loss_class", "semantic.class", "many_l1": what that part of the loss is about; empty: no such part is known.
std::string about_of_loss(std::string_view name) {
  if (name.starts_with(kLossPrefix)) name = name.substr(kLossPrefix.size());
  name = without_task(name);
  const bool is_one_to_many = name.starts_with(kOneToMany);
  if (is_one_to_many) name = name.substr(kOneToMany.size());
  const auto* part = std::ranges::find(kLossParts, name, &LossAbout::name);
  if (part == std::end(kLossParts)) return {};
  return std::string(part->about) + (is_one_to_many ? ", of the one-to-many queries" : "");
}

std::optional<NumberName> listed(std::string_view name) {
  const auto found = std::ranges::find(kNames, name, &Entry::name);
  if (found != kNames.end()) return NumberName{std::string(found->words), found->better};
  if (const std::string about = about_of_loss(name); !about.empty())
    return NumberName{"the part of the loss that is about " + about, Better::kLower};
  if (name.starts_with(kLossPrefix)) return NumberName{"a part of the loss", Better::kLower};
  for (const std::string_view kind : {"AP", "AR"})
    if (name.starts_with(kind) && name.size() > 3 && name[2] == '_' && is_digit(name[3]))
      return NumberName{format("{} of objects with an area of {} pixels", kind, name.substr(3)), Better::kHigher};
  return std::nullopt;
}

void add_names_of(const RunRecord& run, std::vector<std::string>& names) {
  for (const NamedReport& report : run.reports)
    for (const char* kind : {"metrics", "losses"})
      if (const Json* values = report.report.find(kind))
        for (const auto& [name, value] : values->as_object()) add_once(names, name);
  for (const Json& line : run.metrics)
    for (const auto& [key, value] : line.as_object())
      if (number_at(line, key)) add_once(names, key.starts_with("val_") ? key.substr(4) : key);
}

std::string better_words(const NumberName& name) {
  if (!name.better) return {};
  return *name.better == Better::kHigher ? "higher \u2191" : "lower \u2193";
}

}  // namespace

std::optional<NumberName> number_name_of(const std::string& name) {
  const std::string_view own = without_task(name);
  if (auto found = listed(own)) return found;
  for (const auto& [ending, words] : kEndings) {
    if (!own.ends_with(ending)) continue;
    auto found = number_name_of(std::string(own.substr(0, own.size() - ending.size())));
    if (found) found->words += words;
    return found;
  }
  return std::nullopt;
}

std::string readable_name(const std::string& name) {
  const std::string about = about_of_loss(name);
  return about.empty() ? name : format("loss: {} ({})", about, name);
}

std::string arrow_of(const std::string& name) {
  const auto found = number_name_of(name);
  if (!found || !found->better) return {};
  return found->better == Better::kHigher ? " \u2191" : " \u2193";
}

Html names_section(Runs runs) {
  std::vector<std::string> names;
  for (const RunRecord& run : runs) add_names_of(run, names);
  HtmlTable table{.caption = "Names of numbers", .head = {html_text("name"), html_text("what it is"), html_text("better")}};
  for (const std::string& name : names)
    if (const auto found = number_name_of(name); found && name.find("_layer") == std::string::npos)
      table.rows.push_back({html_name(name), html_text(found->words), html_text(better_words(*found))});
  if (table.rows.empty()) return {};
  return html_section("names", "Names of numbers", html_table(table));
}

}  // namespace glid
