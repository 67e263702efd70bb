// Multinomial logistic regression on features: a convex problem without augmentation, draws or order, solved to its minimum.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "glid/eval/knn.h"

namespace glid {

// logits = ((x - mean) / deviation) W + b.
struct LinearClassifier {
  at::Tensor mean, deviation;  // [C] fp64, of the images that it learned from; one of 0 (to rounding) counts as 1
  at::Tensor weight, bias;     // [C, K], [K] fp64

  at::Tensor logits(const at::Tensor& features) const;  // [M, C] -> [M, K] fp64
};

// Strengths of the penalty that are tried, strongest first.
inline constexpr double kPenalties[] = {1, 1e-1, 1e-2, 1e-3, 1e-4};
inline constexpr int64_t kHoldOut = 5;  // one image of so many

// The minimum of (mean over images of the cross-entropy) + penalty / 2 |W|^2, by L-BFGS until no derivative exceeds 1e-6, or
// for 2,000 iterations: the log tells where more than 1e-4 is left. Found from zero, or from where `start` ended, which
// changes how long it takes.
LinearClassifier fit_linear(const LabelledFeatures& images, double penalty, const LinearClassifier* start = nullptr);

struct ChosenPenalty {
  double penalty = 0;
  std::vector<double> held_out;  // how many of the images held out were right, as fractions, of each of kPenalties
};
// Learns from four fifths of the images and asks the others: every fifth image of each class in the order given. Of equal
// fractions the strongest penalty is taken. Throws DataError where no class has five images.
ChosenPenalty choose_penalty(const LabelledFeatures& images);

}  // namespace glid
