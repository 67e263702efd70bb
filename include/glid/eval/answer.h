// A question put to a model: forward under autocast, answers for losses and metrics in fp32.
#pragma once

#include <vector>

#include "glid/model/glid.h"
#include "glid/optim/precision.h"
#include "glid/tasks/task.h"

namespace glid {

// One answer a query. What low precision made is given in fp32; double stays double.
std::vector<Answer> answer(const Glid& model, const Question& question, Precision precision);

}  // namespace glid
