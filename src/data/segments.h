// Steps that all makers of panoptic divisions share.
#pragma once

#include "glid/data/sample.h"

namespace glid {

// Leaves out the segments that have no pixel.
void keep_visible(Panoptic& panoptic);

}  // namespace glid
