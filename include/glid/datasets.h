// For programs that read data sets (target glid::samples): Coco, Ade20k, NyuDepthV2, ... or make_dataset() for any of them, what
// their samples are, and errors.
#pragma once

#include "glid/core/error.h"
#include "glid/data/data_config.h"
