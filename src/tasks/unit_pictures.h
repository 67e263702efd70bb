// Units as pictures that people look at.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "glid/formats/image.h"
#include "glid/nn/window_plan.h"
#include "glid/tasks/task.h"

namespace glid {

// ImageNet-normalised [.., 3] -> uint8.
at::Tensor denormalise(const at::Tensor& pixels);

// Units in ImageNet's mean and deviation, of pictures of one grid -> the pictures.
std::vector<Image> to_images(const at::Tensor& units, const UnitGrid& grid);
// The same of pictures of height x width, without what was added to whole units.
std::vector<Image> to_images(const at::Tensor& units, const UnitGrid& grid, int64_t height, int64_t width);

// All pictures of a batch as the network sees them.
std::vector<Image> to_images(const Question& question);

}  // namespace glid
