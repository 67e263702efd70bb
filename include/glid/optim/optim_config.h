// The `optim` block of a configuration.
#pragma once

#include <array>
#include <optional>

#include "glid/config/fields.h"

namespace glid {

struct OptimConfig {
  double lr = 1.2e-3;
  double weight_decay = 0.05;
  std::array<double, 2> betas{0.9, 0.95};
  double warmup_epochs = 40;
  std::optional<int64_t> warmup_steps;
  std::optional<double> clip;
  std::optional<double> ema;

  template <class V>
  void fields(V& v) {
    v("lr", lr, "peak learning rate of AdamW, for the whole global batch", config::positive());
    v("weight_decay", weight_decay, "of matrices and convolutions", config::non_negative());
    v("betas", betas, "AdamW's averaging factors", config::in_range(0, config::below(1)));
    v("warmup_epochs", warmup_epochs, "linear warm-up from 0", config::non_negative());
    v("warmup_steps", warmup_steps, "the same in steps; overrides warmup_epochs", config::non_negative());
    v("clip", clip, "largest norm of the gradient; null: not clipped", config::positive());
    v("ema", ema, "decay of an average of the weights; null: none", config::in_range(config::above(0), config::below(1)));
  }
};

}  // namespace glid
