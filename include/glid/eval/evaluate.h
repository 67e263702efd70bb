// Losses of a whole split, exact over all ranks.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "glid/data/loader.h"
#include "glid/dist/communicator.h"
#include "glid/model/glid.h"
#include "glid/optim/precision.h"
#include "glid/tasks/task.h"

namespace glid {

// Runs over every batch of this rank's loader (a validation plan) and returns the mean over all ranks. All ranks must
// call it. The model is in evaluation mode meanwhile. Throws DataError when no image could be read.
double mean_loss(Glid& model, const Task& task, Loader& loader, Precision precision, Communicator& communicator);

// The losses of the task's predictors without learning on the same images, each at its best scale.
std::vector<std::pair<std::string, double>> reference_losses(const Task& task, Loader& loader, const c10::Device& device,
                                                             Communicator& communicator);

}  // namespace glid
