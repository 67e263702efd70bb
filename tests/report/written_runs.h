// Run folders as glid_train leaves them, written by hand.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/eval/image_hash.h"
#include "glid/eval/report.h"
#include "glid/formats/png.h"
#include "glid/metrics/accuracy.h"
#include "support/noise_image.h"
#include "support/temporary_folder.h"

namespace glid {

struct WrittenRun {
  std::string config = "seed: 0\nout: runs/a\ntask: {name: detection}\ndata: {name: scenes}\noptim: {lr: 0.001}\n";
  std::string metrics;  // of metrics.jsonl
  std::string log;
  std::string state;  // of a checkpoint's state.json; empty: no checkpoint
};

inline std::filesystem::path write_run(const std::filesystem::path& folder, const WrittenRun& run) {
  std::filesystem::create_directories(folder);
  if (!run.config.empty()) write_file(folder / "config.yaml", run.config);
  if (!run.metrics.empty()) write_file(folder / "metrics.jsonl", run.metrics);
  if (!run.log.empty()) write_file(folder / "log.txt", run.log);
  if (run.state.empty()) return folder;
  std::filesystem::create_directories(folder / "checkpoints" / "step_00000020");
  write_file(folder / "checkpoints" / "step_00000020" / "state.json", run.state);
  return folder;
}

inline void write_picture(const std::filesystem::path& run, int64_t step, int64_t side_px) {
  std::filesystem::create_directories(run / "pictures");
  write_file(run / "pictures" / format("step_{:08}.png", step), encode_png(noise_image(side_px, side_px, step)));
}

inline const char* kSomeLines =
    R"({"step":0,"without_learning":{"zero":1.0312345678,"blur":0.81}}
{"step":0,"without_looking":{"top1":0.2512345678}}
{"step":10,"epoch":0.5,"loss":0.91234567891234,"lr":1e-05,"grad_norm":2}
{"step":20,"epoch":1,"loss":0.71234567891234,"lr":0.00015,"grad_norm":1.5}
{"step":20,"val_loss":0.65432109876,"val_top1":0.51234567,"val_absent":null}
)";

inline const char* kSomeLog =
    R"(2026-01-02 03:04:05 2 threads of 2, cpu, fp32
2026-01-02 03:04:06 weights from other.safetensors
  encoder: 10 of 12 loaded
  missing, keeps its initial value: a b
2026-01-02 03:04:07 glid_train --config a.yaml
2026-01-02 03:04:07 glid 0.1.0 (commit 39a784a12345) on host, cpu, 1 rank(s), 2 thread(s)
2026-01-02 03:04:07 40 training images, 10 to validate on; 60 steps of 4 images, 10 an epoch
2026-01-02 03:04:08 warning: slow disk
2026-01-02 03:04:09 warning: slow disk
)";

// Of images of which every `wrong_every`th is taken for the other class, with samples for intervals.
inline Report accuracy_report(int num_images, int wrong_every, const std::vector<std::string>& classes) {
  Accuracy metric;
  const std::vector<double> scores{0.6, 0.4};
  for (int i = 0; i < num_images; ++i) metric.add(std::to_string(1000 + i), scores, i % wrong_every == 0 ? 1 : 0);
  Report report{.task = "accuracy", .protocol = "", .rules = "one image, one class", .images = num_images};
  report.metrics = named_values(metric.values());
  report.bootstrap = bootstrap(metric, {.num_samples = 200});
  const std::vector<std::string> images = metric.keys();
  report.image_hash = image_hash({images.begin(), images.end()});
  report.blind = {{"top1", 0.123456789}};
  for (size_t c = 0; c < classes.size(); ++c)
    report.per_class.push_back({static_cast<int64_t>(c), classes[c], {{"top1", 0.987654321 / (1. + double(c))}}, 0});
  return report;
}

}  // namespace glid
