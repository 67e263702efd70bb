// Options that glid_features and glid_probe share: whose features, and of what kind.
#pragma once

#include "command_line.h"
#include "glid/data/data_config.h"
#include "glid/eval/feature_options.h"
#include "glid/train/feature_programs.h"

namespace glid {

inline void add_options(CLI::App& app, FeatureArguments& features, const std::string& stages_of_program) {
  auto* weights = app.add_option_group("Weights")->require_option(1);
  path_option(*weights, "--checkpoint", features.checkpoint,
              "a run (its newest checkpoint) or a checkpoint folder: model and size are the run's");
  path_option(*weights, "--encoder", features.encoder,
              "weights of a Swin or a ViT, of any form and names in docs/weights.md");
  names_option(app, "--model", features.model, {"tiny", "swint", "swinb", "swinl", "tiny_vit", "vits", "vitb"},
               "size that the encoder must have (default: any)");
  app.add_flag("--strict", features.strict, "refuse weights with missing or unexpected tensors");
  app.add_option("--size", features.size_px,
                 "side of the square in px, a multiple of the unit (default: the run's data.image_size; 224 with --encoder)")
      ->check(within(1, kMaxSidePx));
  names_option<FeatureTransform>(
      app, "--transform", features.transform,
      "eval: short side to 256/224 of the size, then the centre; squash: all of the image, whatever its shape");
  app.add_option("--stages", features.stages, "whose maps, as 3,4 (default: " + stages_of_program + ")")->delimiter(',');
  names_option<FeaturePool>(
      app, "--pool", features.pool,
      "none: maps [C, H, W]; mean: their mean [C]; cls: the decoder's answer to [CLS], of a checkpoint");
  app.add_option("--batch", features.batch, "images that the model sees at a time")
      ->capture_default_str()
      ->check(positive());
  app.add_option("--max-bad-files", features.max_bad_files, "unreadable images that are left out, before it ends")
      ->capture_default_str()
      ->check(within(0, HUGE_VAL));
  app.add_option("--threads", features.threads, "threads of one operation on the CPU (default: those that are free)")
      ->check(positive(kMaxThreads));
}

}  // namespace glid
