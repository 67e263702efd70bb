// The `optim` block of a configuration.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "glid/config/fields.h"
#include "glid/model/parts.h"
#include "glid/optim/param_groups.h"
#include "glid/optim/schedule.h"

namespace glid {

struct OptimConfig {
  double lr = 1.2e-3;
  double weight_decay = 0.05;
  std::array<double, 2> betas{0.9, 0.95};
  ScheduleConfig schedule;
  double warmup_epochs = 40;
  std::optional<int64_t> warmup_steps;
  double warmup_start = 0;
  LrMultipliers lr_mult;
  double layer_decay = 1;
  std::vector<std::string> freeze;
  std::optional<double> clip;
  std::optional<double> ema;
  bool ema_warmup = true;

  template <class V>
  void fields(V& v) {
    v("lr", lr, "peak learning rate of AdamW, for the whole global batch", config::positive());
    v("weight_decay", weight_decay, "of matrices and convolutions", config::non_negative());
    v("betas", betas, "AdamW's averaging factors", config::in_range(0, config::below(1)));
    v("schedule", schedule, "learning rate over the run, after the warm-up");
    v("warmup_epochs", warmup_epochs, "linear warm-up; one_cycle has its own and ignores it", config::non_negative());
    v("warmup_steps", warmup_steps, "the same in steps; overrides warmup_epochs", config::non_negative());
    v("warmup_start", warmup_start, "part of the peak at which the warm-up starts", config::in_range(0, 1));
    v("lr_mult", lr_mult, "");
    v("layer_decay", layer_decay, "the encoder's learning rate falls by it from block to block towards the input; 1: not",
      config::in_range(config::above(0), 1));
    v("freeze", freeze, "parts that are not trained", config::one_of(kModelParts));
    v("clip", clip, "largest norm of the gradient; null: not clipped", config::positive());
    v("ema", ema, "decay of an average of the weights; null: none", config::in_range(config::above(0), config::below(1)));
    v("ema_warmup", ema_warmup, "the decay of update n is at most (1 + n) / (10 + n)");
  }
  void check(config::Problems& problems) const;
};

}  // namespace glid
