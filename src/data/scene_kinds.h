// One function a kind of scene. The stream of random numbers is the scene's own.
#pragma once

#include "glid/core/rng.h"
#include "glid/data/sample.h"

namespace glid::scene {

struct Drawn {
  Image image;
  Targets targets;
};

// Two to five objects of any colour, texture and rotation under a light from one side.
Drawn draw_plain(Rng& rng, int64_t size_px);
// One to four objects, upright to 30 degrees, whose class hue, shape and texture tell.
Drawn draw_classes(Rng& rng, int64_t size_px);
// A jointed figure, seen from the front. Its limbs have colours of their own, or one for both sides.
Drawn draw_figure(Rng& rng, int64_t size_px, bool told_sides);

}  // namespace glid::scene
