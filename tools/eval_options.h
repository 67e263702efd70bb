// The command line of glid_eval, which two programs share: one for files, which needs no LibTorch, and one for models.
#pragma once

#include "command_line.h"
#include "glid/data/data_config.h"
#include "glid/eval/eval_program.h"
#include "glid/train/model_evaluation.h"

namespace glid {

struct EvalOptions {
  EvalArguments files;
  ModelEvalArguments model;
  int nproc = 0;
  std::optional<int64_t> threads;
  std::string help_prefix;
  CLI::Option* help_config = nullptr;
};

inline void add_options(CLI::App& app, EvalOptions& options) {
  auto& [files, model, nproc, threads, help_prefix, help_config] = options;
  names_option(app, "--task", files.task, {"box", "mask", "keypoint", "panoptic", "semantic", "depth"},
               "what the files are of")
      ->group("Files");
  path_option(app, "--results", files.results, "COCO result file, panoptic JSON, or folder of PNG or .npy files")
      ->group("Files");
  path_option(app, "--annotations", files.annotations, "COCO file, panoptic JSON, or folder of PNG or .npy files")
      ->group("Files");
  path_option(app, "--results-dir", files.results_dir,
              "panoptic: folder of the PNGs (default: the JSON's name without .json)")
      ->group("Files");
  path_option(app, "--annotations-dir", files.annotations_dir, "the same for the annotations")->group("Files");
  CLI::Option* checkpoint =
      path_option(app, "--checkpoint", model.checkpoint, "a run or a checkpoint folder: evaluates the model")
          ->group("Model");
  app.add_option("--which", model.which, "best, last or a step of the run (default: the best, else the newest)")
      ->group("Model");
  path_option(app, "--config", model.config, "a configuration in the place of the checkpoint's")->group("Model");
  names_option<Split>(app, "--split", model.split, "of the data (default: eval.split)")->group("Model");
  app.add_option("--batch", model.batch, "images a batch (default: as in a micro-batch of the run)")
      ->check(positive())
      ->group("Model");
  CLI::Option* out =
      path_option(app, "--out", model.out, "folder for result files of the official formats, and truth/ beside them")
          ->group("Model");
  app.add_flag("--depth-png", model.depth_png, "depth in --out as PNG in the protocol's units, rounded, instead of .npy")
      ->needs(out)
      ->group("Model");
  app.add_flag("--other-classes", model.other_classes, "the data may name its classes otherwise: they count in their order")
      ->group("Model");
  app.add_option("--nproc", nproc, "start so many processes on this host")->check(positive())->group("Model");
  for (CLI::Option* option : app.get_options([](const CLI::Option* o) { return o->get_group() == "Model"; }))
    if (option != checkpoint) option->needs(checkpoint);
  app.add_option("--threads", threads, "--set eval.threads=N of files, train.threads=N of a model")
      ->check(positive(kMaxThreads));
  app.add_option("--protocol", files.protocol, "rules to count by (default: the task's official ones)");
  set_option(app, files.overrides, "overrides a key of the block eval (of a model: any key); repeatable");
  path_option(app, "--json", files.json, "file for all numbers at full precision");
  path_option(app, "--csv", files.csv, "file for the table of classes (of images for depth)");
  path_option(app, "--plots", files.plots, "folder for pictures");
  names_option<ClassOrder>(app, "--per-class", files.per_class, "print every class too, in this order")
      ->expected(0, 1)
      ->default_str("data");
  app.add_option("--bootstrap", files.bootstrap,
                 "draw the images anew so often: 95 % intervals in the table, the samples in --json (1000 is usual)")
      ->check(within(100, 1000000));
  exclude_others(app, path_option(app, "--compare", files.compared,
                                  "two files of --json: what differs, and how surely; nothing is evaluated")
                          ->expected(2));
  help_config = help_config_option(app, help_prefix, " of an evaluation of files");
  exclude_others(app, help_config);
}

}  // namespace glid
