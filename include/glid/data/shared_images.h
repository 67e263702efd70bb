// Images of two splits that are the same: what is validated was learned then.
#pragma once

#include <string>

#include "glid/data/dataset.h"

namespace glid {

// "all 50 of val are trained on too", "1 of the 50 of val is trained on too"; empty where there are none. Told from the
// lists of files alone: the same file under one path, or, where all of both lists are called alike, copies of the same
// sizes. Generated images are never the same.
std::string shared_images(const Dataset& train, const Dataset& val);

}  // namespace glid
