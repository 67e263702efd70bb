// What is said of a split that isn't there, by who checks data and who would learn from them.
#pragma once

#include <string>

#include "glid/core/error.h"
#include "glid/data/dataset.h"

namespace glid {

// What it is missed for, what does without it, and the error of opening it.
std::string missing_split(Split split, const DataError& error);

}  // namespace glid
