// A whole experiment: one YAML file, read into one struct (README, docs/pretraining.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "glid/config/fields.h"
#include "glid/data/data_config.h"
#include "glid/dist/gradient_reducer.h"
#include "glid/metrics/metric_settings.h"
#include "glid/model/bias_table.h"
#include "glid/model/model_config.h"
#include "glid/model/parts.h"
#include "glid/optim/optim_config.h"
#include "glid/optim/precision.h"
#include "glid/optim/schedule.h"
#include "glid/tasks/task_config.h"
#include "glid/tasks/tta.h"

namespace glid {

enum class DeviceChoice { kAuto, kCpu, kCuda };
constexpr auto enum_names(DeviceChoice) {
  return std::to_array<config::Named<DeviceChoice>>(
      {{DeviceChoice::kAuto, "auto"}, {DeviceChoice::kCpu, "cpu"}, {DeviceChoice::kCuda, "cuda"}});
}

constexpr auto enum_names(GradientCompression) {
  return std::to_array<config::Named<GradientCompression>>(
      {{GradientCompression::kNone, "none"}, {GradientCompression::kBf16, "bf16"}});
}

struct InitConfig {
  std::string from;
  std::optional<std::vector<std::string>> parts;
  bool strict = false;
  BiasResize bias_tables = BiasResize::kBicubic;

  template <class V>
  void fields(V& v) {
    v("from", from,
      "weights to start from: a file of GLID's or of another program's (docs/weights.md), a run or a checkpoint folder; "
      "empty: random",
      config::path_or_empty());
    v("parts", parts,
      "what to take of it, all of which it must have; null: encoder, bifpn and decoder, as far as it has them",
      config::one_of(kModelParts));
    v("strict", strict, "tensors of these parts that the file lacks, or has beside them, are refused");
    v("bias_tables", bias_tables, "how bias tables of other windows are resized");
  }
  void check(config::Problems& problems) const {
    if (parts && parts->empty()) problems.add("parts", "names no part", "[]", "null takes what there is");
    if (parts && from.empty()) problems.add("parts", "says what to take, but init.from doesn't say of what");
  }
};

struct TrainConfig {
  double epochs = 600;
  std::optional<int64_t> steps;
  int64_t batch_size = 2048;
  int64_t accumulate = 1;
  Precision precision = Precision::kFp32;
  bool activation_checkpointing = false;
  DeviceChoice device = DeviceChoice::kAuto;
  std::optional<int64_t> threads;
  int64_t max_nonfinite = 10;
  std::optional<int64_t> max_lines_under_floor;
  bool shard_optimizer = false;
  GradientCompression gradient_compression = GradientCompression::kNone;
  double bucket_mib = 25;
  double collective_timeout_s = 600;
  double stop_grace_s = 60;

  template <class V>
  void fields(V& v) {
    v("epochs", epochs, "length of the run", config::in_range(config::above(0), 1e6));
    v("steps", steps, "the same in updates; overrides epochs", config::positive());
    v("batch_size", batch_size, "images an update, over all ranks and micro-batches", config::positive());
    v("accumulate", accumulate, "micro-batches of each rank in an update", config::positive());
    v("precision", precision, "arithmetic of the model; weights and optimizer stay fp32");
    v("activation_checkpointing", activation_checkpointing,
      "the encoder's blocks are computed again in the backward pass: less memory, the same bits, some more time");
    v("device", device, "auto: cuda where there is one");
    v("threads", threads,
      "threads of one operation on the CPU (part of a run's bits); null: a run's as it began, as many as were free",
      config::positive());
    v("max_nonfinite", max_nonfinite,
      "updates in a row skipped for a loss or gradient that is not finite before the run stops", config::positive());
    v("max_lines_under_floor", max_lines_under_floor,
      "logged lines in a row with a diagnostic (query_spread) under its floor before the run stops; null: only a warning",
      config::positive());
    v("shard_optimizer", shard_optimizer,
      "each rank keeps the optimizer's state and the averages of a part of the weights: the same bits in less memory");
    v("gradient_compression", gradient_compression, "of what ranks send each other; bf16 halves it, and changes bits");
    v("bucket_mib", bucket_mib, "MiB of gradients that ranks average at a time, while backward goes on",
      config::in_range(config::above(0), 1024));
    v("collective_timeout_s", collective_timeout_s, "the longest that a rank waits for the others",
      config::in_range(config::above(0), 1e6));
    v("stop_grace_s", stop_grace_s, "a run asked to stop that does not reach the end of its step by then ends at once",
      config::in_range(config::above(0), 1e6));
  }
};

// Whose weights glid_eval takes from a checkpoint.
enum class EvalWeights { kRaw, kEma };
constexpr auto enum_names(EvalWeights) {
  return std::to_array<config::Named<EvalWeights>>({{EvalWeights::kRaw, "raw"}, {EvalWeights::kEma, "ema"}});
}

struct EvalConfig {
  MetricSettings metric;
  int64_t every_steps = 0;
  Split split = Split::kVal;
  double fraction = 1.0;
  std::optional<std::string> best;
  Tta tta = Tta::kNone;
  EvalWeights weights = EvalWeights::kRaw;

  template <class V>
  void fields(V& v) {
    v.variant("metric", metric, "what is measured beside the loss, by glid_eval's rules");
    v("every_steps", every_steps, "updates between validations; 0: only at the end", config::non_negative());
    v("split", split, "images to validate on");
    v("fraction", fraction, "part of them", config::in_range(config::above(0), 1));
    v("best", best, "value that picks the best checkpoint (loss, loss_ema, one of the metric's); null: the metric's own");
    v("tta", tta, "views of an image whose answers are averaged, in validations and by glid_eval");
    v("weights", weights,
      "what glid_eval takes: weights as trained, or their averages (optim.ema); validations measure both");
  }
};

struct CheckpointConfig {
  int64_t every_steps = 1000;
  int64_t keep = 2;
  int64_t milestone_steps = 0;

  template <class V>
  void fields(V& v) {
    v("every_steps", every_steps, "updates between checkpoints; the last update always has one", config::positive());
    v("keep", keep, "how many of the newest stay, beside the best and milestones", config::positive());
    v("milestone_steps", milestone_steps, "checkpoints at multiples of it stay for ever; 0: none", config::non_negative());
  }
};

struct LogConfig {
  int64_t every_steps = 50;
  int64_t pictures_every_steps = 1000;

  template <class V>
  void fields(V& v) {
    v("every_steps", every_steps, "a line on the console, in metrics.jsonl and TensorBoard", config::positive());
    v("pictures_every_steps", pictures_every_steps, "a picture of fixed validation images; 0: off", config::non_negative());
  }
};

struct RunConfig {
  uint64_t seed = 0;
  std::string out = "runs/glid";
  InitConfig init;
  ModelConfig model;
  TaskConfig task;
  DataConfig data;
  TrainConfig train;
  OptimConfig optim;
  EvalConfig eval;
  CheckpointConfig checkpoint;
  LogConfig log;

  template <class V>
  void fields(V& v) {
    v("seed", seed, "of initial weights, order, crops and masks");
    v("out", out, "run folder; --out overrides it", config::path());
    v("init", init, "");
    v("model", model, "");
    v("task", task, "");
    v("data", data, "");
    v("train", train, "");
    v("optim", optim, "");
    v("eval", eval, "");
    v("checkpoint", checkpoint, "");
    v("log", log, "");
  }
  void check(config::Problems& problems) const;

  // What the task is made for, on data with such classes.
  TaskContext task_context(const Vocabulary& vocabulary) const;
  // The samples of the task. Throws as make_dataset() does.
  std::shared_ptr<const AnnotatedDataset> dataset(Split split) const;
  // Updates of the run, and its schedule, with so many updates an epoch.
  int64_t total_steps(int64_t steps_per_epoch) const;
  Schedule schedule(int64_t steps_per_epoch) const;
  // How optim.lr_mult and optim.layer_decay scale the learning rate.
  LrScale lr_scale() const;
};

// What differs between a run and the one that is to be gone on with, in two classes.
struct ConfigChanges {
  std::vector<std::string> refused;  // seed, model, task, data (but places, limits, workers), batch, optim, precision
  std::vector<std::string> warned;   // what may change bits: ranks, threads, accumulation, length
  std::vector<std::string> measure;  // what models are compared by: the best one so far can't be compared any more
};
ConfigChanges compare_configs(const RunConfig& old_config, const RunConfig& new_config);

}  // namespace glid
