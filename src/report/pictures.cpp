// The newest picture of each run, those of the same images side by side.
#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <string_view>

#include "base64.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/image_file.h"
#include "glid/formats/resize.h"
#include "sections.h"

namespace glid {
namespace {

constexpr int64_t kMostWidth = 1200, kMostHeight = 20000;  // px
constexpr size_t kMostBytes = 400 * 1024;                  // of a picture, so that pages can be sent
constexpr int kQuality = 85;

struct Embedded {
  std::string jpeg;
  int64_t height = 0, width = 0;
};

Embedded embedded(Image image) {
  const double times = std::min(static_cast<double>(kMostWidth) / static_cast<double>(image.width),
                                static_cast<double>(kMostHeight) / static_cast<double>(image.height));
  if (times < 1) image = scaled(image, times);
  std::string jpeg = encode_jpeg(image, kQuality);
  while (jpeg.size() > kMostBytes) {
    image = scaled(image, 0.8);
    jpeg = encode_jpeg(image, kQuality);
  }
  return {std::move(jpeg), image.height, image.width};
}

int64_t step_of(const std::filesystem::path& picture) {
  const std::string stem = picture.stem().string();
  int64_t step = 0;
  std::from_chars(stem.data() + std::string("step_").size(), stem.data() + stem.size(), step);
  return step;
}

// Keys of data that don't decide which images those of validation are.
constexpr std::string_view kOfTraining[] = {"data.fraction",      "data.fraction_seed", "data.image_size",
                                            "data.max_bad_files", "data.window",        "data.workers"};

// What decides which images a run draws, but for where they lie.
std::string choice_of(const RunRecord& run) {
  std::string text;
  for (const auto& [key, value] : run.config)
    if (key == "data.root") continue;
    else if ((key.starts_with("data.") && std::ranges::find(kOfTraining, key) == std::end(kOfTraining)) || key == "seed" ||
             key == "eval.split")
      text += format("{}={}\n", key, value);
  return text;
}

std::string fingerprint_of(const RunRecord& run) {
  const Json* known = run.state ? run.state->find("dataset") : nullptr;
  return known != nullptr ? known->dump() : "";
}

bool draw_the_same(const RunRecord& a, const RunRecord& b) {
  if (choice_of(a) != choice_of(b)) return false;
  const std::string of_a = fingerprint_of(a);
  return a.setting("data.root") == b.setting("data.root") || (!of_a.empty() && of_a == fingerprint_of(b));
}

// What a row shows, by the task.
std::string seen_of(const std::string& task) {
  if (task == "detection") return "the predicted boxes with their classes and scores, and the true boxes";
  if (task == "instance") return "the image, the predicted objects with masks, classes and scores, and the true ones";
  if (task == "semantic") return "the image, the predicted classes of its pixels, and the true ones";
  if (task == "panoptic") return "the image, the predicted segments, and the true ones";
  if (task == "multitask") return "what is predicted, and what is true, for each of the tasks";
  if (task == "depth") return "the image, its predicted depth, and the true one";
  if (task == "pose") return "the predicted joints of a person, the true ones, and the heatmaps of all joints";
  if (task == "classification" || task == "supervised") return "the predicted class with its score, and the true class";
  if (task == "masked_image" || task == "simmim" || task == "mae" || task == "mixmae")
    return "what the model is shown of the image, what it predicts of the rest, and the image itself";
  if (task == "beit")
    return "what is shown of the image, the predicted codes of the rest, the right ones, and the image itself";
  if (task == "aim") return "what is not predicted of the image, what is predicted, and the image itself";
  return "columns that its first line names";
}

Html figure_of(Runs runs, size_t i) {
  const RunRecord& run = runs[i];
  const std::string step = format("step {}", step_of(run.picture));
  try {
    const Embedded picture = embedded(read_image(run.picture));
    const std::string alt = format("What the model of {} makes of validation images at {}: a row each, with {}", run.name,
                                   step, seen_of(run.setting("task.name")));
    const Html image = html_void("img", {{"src", "data:image/jpeg;base64," + base64(picture.jpeg)},
                                         {"alt", alt},
                                         {"width", std::to_string(picture.width)},
                                         {"height", std::to_string(picture.height)}});
    return html_element("figure", html_element("figcaption", run_label(runs, i) + html_text(", " + step)) + image);
  } catch (const DataError& error) {  // of a run that is being written
    return html_element("p", format("{}: {}", run.name, error.what()));
  }
}

// Why there is nothing to see of a run.
std::string note_of(const RunRecord& run) {
  const std::string every = run.setting("log.pictures_every_steps");
  if (every == "0") return format("{} draws no pictures: log.pictures_every_steps is 0", run.name);
  const std::string when = every.empty() ? "" : format(": it does every {} steps, and at its end", every);
  return format("{} has drawn no picture yet{}", run.name, when);
}

std::vector<std::string> notes_of(Runs runs) {
  std::vector<std::string> notes;
  for (const RunRecord& run : runs)
    if (!run.is_report_alone && run.picture.empty()) notes.push_back(note_of(run));
  return notes;
}

}  // namespace

Html picture_section(Runs runs) {
  std::vector<std::pair<size_t, Html>> rows;  // by the first of those that draw the same images
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].picture.empty()) continue;
    auto row = std::ranges::find_if(rows, [&](const auto& other) { return draw_the_same(runs[other.first], runs[i]); });
    if (row == rows.end()) row = rows.insert(row, {i, Html()});
    row->second += figure_of(runs, i);
  }
  Html content;
  for (const auto& [first, figures] : rows) content += html_element("div", {{"class", "pictures"}}, figures);
  const Html words =
      html_element("p",
                   "Runs of the same data, split and seed draw the same images and stand side by side. The first line of a "
                   "picture names its columns and, where objects are predicted, the score from which on they are drawn.");
  if (!content.is_empty()) content = words + content;
  return html_section("pictures", "Pictures", content + html_list(notes_of(runs)));
}

}  // namespace glid
