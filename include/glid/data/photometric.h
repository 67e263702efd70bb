// Changes of colour that leave geometry alone (no LibTorch).
#pragma once

#include "glid/core/rng.h"
#include "glid/formats/image.h"

namespace glid {

// AdaBins' augmentation (shariqfarooq123/AdaBins, dataloader.py), on values in [0, 1]: to the power of U(0.9, 1.1), times
// U(0.75, 1.25), each channel times U(0.9, 1.1), clipped.
Image change_colours(const Image& image, Rng& rng);

}  // namespace glid
