// For programs that encode images (target glid::train): the encoder of a run or of a file of weights, images in files at the
// size that it wants, and errors.
#pragma once

#include "glid/core/error.h"
#include "glid/eval/image_encoder.h"
#include "glid/formats/image_file.h"
#include "glid/formats/resize.h"
#include "glid/train/weights_file.h"
