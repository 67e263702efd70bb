#include "glid/train/run_log.h"

#include <algorithm>
#include <fstream>

#include "glid/core/disk_error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/json_lines.h"
#include "glid/core/log.h"
#include "glid/formats/image_file.h"
#include "glid/formats/png.h"
#include "glid/tasks/task.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

std::string layer_suffix(int64_t layer) {
  if (layer == 0) return "";  // the last
  return format("_layer{}", layer == kBeforeLayers ? 0 : layer);
}

fs::path metrics_file(const fs::path& folder) { return folder / "metrics.jsonl"; }

JsonLines read_lines(const fs::path& file) { return read_json_lines(file, "step"); }

void drop_lines_after(const fs::path& file, int64_t completed_steps) {
  if (!fs::exists(file)) return;
  const JsonLines lines = read_lines(file);
  if (lines.damaged > 0) log_warning("{}: {} damaged lines left out", file.string(), lines.damaged);
  std::string kept;
  for (const Json& line : lines.whole)
    if (completed_steps > 0 && line.at("step").as_int() <= completed_steps) kept += line.dump() + "\n";
  write_file(file, kept);
}

fs::path picture_file(const fs::path& pictures, int64_t step) { return pictures / format("step_{:08}.png", step); }

// Their names order them as their steps do.
void drop_pictures_after(const fs::path& pictures, int64_t completed_steps) {
  const fs::path last = picture_file(pictures, completed_steps);
  std::vector<fs::path> later;
  for (const auto& entry : fs::directory_iterator(pictures))
    if (entry.path().filename().string().starts_with("step_") && entry.path() > last) later.push_back(entry.path());
  for (const fs::path& picture : later) fs::remove(picture);
}

fs::path prepared(fs::path folder, int64_t completed_steps) {
  fs::create_directories(folder / "pictures");
  drop_lines_after(metrics_file(folder), completed_steps);
  drop_pictures_after(folder / "pictures", completed_steps);
  return folder;
}

void append_point(Series& series, const Json& line, const std::string& key) {
  const Json* value = line.find(key);
  if (!value) return;
  series.x.push_back(line.at("step").as_double());
  series.y.push_back(value->as_double());
}

// A line of numbers that the model has no part in.
Json without(const char* what, const std::vector<MetricValue>& values) {
  Json numbers = Json::object();
  for (const MetricValue& v : values) numbers.set(v.name, v.value ? Json(*v.value) : Json());
  return Json().set("step", int64_t{0}).set(what, std::move(numbers));
}

}  // namespace

RunLog::RunLog(fs::path run_folder, int64_t completed_steps)
    : folder_(prepared(std::move(run_folder), completed_steps)), events_(folder_, completed_steps + 1) {}

void RunLog::append(const Json& line) {
  std::ofstream out(metrics_file(folder_), std::ios::app);
  out << line.dump() << '\n' << std::flush;
  if (!out) throw_disk_error(metrics_file(folder_), "can't be written");
}

void RunLog::training(const StepMetrics& m) {
  Json line;
  line.set("step", m.step).set("epoch", m.epoch).set("loss", m.loss).set("lr", m.lr).set("grad_norm", m.grad_norm);
  for (const TermValue& term : m.terms) line.set("loss_" + term.name + layer_suffix(term.layer), term.value);
  for (const auto& [name, value] : m.diagnostics) line.set(name, value);
  line.set("images_per_s", m.images_per_s).set("data_wait", m.data_wait).set("memory_mib", m.memory_mib);
  append(line);
  for (const auto& [key, value] : line.as_object())
    if (key != "step") events_.add_scalar("train/" + key, value.as_double(), m.step);
  events_.flush();
}

void RunLog::validation(int64_t step, const std::vector<MetricValue>& values) {
  Json line;
  line.set("step", step);
  for (const MetricValue& v : values) {
    line.set("val_" + v.name, v.value ? Json(*v.value) : Json());
    if (v.value) events_.add_scalar("validation/" + v.name, *v.value, step);
  }
  append(line);
  events_.flush();
}

void RunLog::references(const std::vector<MetricValue>& losses) { append(without("without_learning", losses)); }

void RunLog::blind(const std::vector<MetricValue>& values) { append(without("without_looking", values)); }

void RunLog::picture(int64_t step, const Image& image) {
  const std::string png = encode_png(image);
  write_file(picture_file(folder_ / "pictures", step), png);
  events_.add_image_png("pictures", png, image.height, image.width, step);
  events_.flush();
}

void RunLog::draw(const Chart& chart, const std::string& file) const {
  if (std::ranges::all_of(chart.series, [](const Series& series) { return series.x.empty(); })) return;
  write_file(folder_ / file, encode_png(draw_chart(chart)));
}

void RunLog::draw_curves(const std::string& value) const {
  const std::string title = folder_.filename().string();
  Chart losses{.title = title,
               .x_label = "steps",
               .y_label = "loss",
               .series = {{"training loss", {}, {}}, {"validation loss", {}, {}}}};
  Chart metric{.title = title, .x_label = "steps", .y_label = value, .series = {{value, {}, {}}}};
  for (const Json& line : read_lines(metrics_file(folder_)).whole) {
    append_point(losses.series[0], line, "loss");
    append_point(losses.series[1], line, "val_loss");
    append_point(metric.series[0], line, "val_" + value);
    if (const Json* references = line.find("without_learning"))
      for (const auto& [name, loss] : references->as_object()) losses.baselines.push_back({name, loss.as_double()});
    if (const Json* blind = line.find("without_looking"))
      if (const Json* number = blind->find(value)) metric.baselines.push_back({"without looking", number->as_double()});
  }
  losses.series[0].smoothing = usual_smoothing(losses.series[0].x);
  draw(losses, "curve.png");
  if (value != "loss" && value != "loss_ema") draw(metric, "metric.png");
}

}  // namespace glid
