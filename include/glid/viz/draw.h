// What is known about an image, drawn over it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/formats/image.h"
#include "glid/geometry/box.h"

namespace glid {

using Rgb = std::array<uint8_t, 3>;

// The same index has the same colour everywhere. The first seven are Okabe and Ito's (2008), 17 more are each as far from
// all before as can be, for eyes of all three cones and for those without the red or the green ones; then lighter and darker
// ones of these.
Rgb class_color(int64_t index);
inline constexpr int64_t kNumDistinctColors = 24;

// What a box may be, a name below the other; none: the box alone.
struct NamedBox {
  struct Name {
    std::string text;
    Rgb color{};  // behind it
  };
  Box box;
  Rgb color{};
  std::vector<Name> names;
};

// Parts outside of the image aren't drawn. Names stand above their box, else below or within it, as near to it as the image
// has room: where they cover no others if there is such a place. The last box is on top, and the first to choose.
void draw_boxes(Image& image, std::span<const NamedBox> boxes);
// One with a name on its colour; an empty one: without.
void draw_box(Image& image, const Box& box, const Rgb& color, const std::string& name);

// Limbs, and a dot for each labelled joint: filled where it is visible. Limbs of unlabelled joints are left out.
void draw_keypoints(Image& image, std::span<const Keypoint> joints, std::span<const Vocabulary::Limb> limbs,
                    const Rgb& color);

// Blends each pixel with the colour of its label; kIgnoreLabel and labels without a colour stay. `labels`
// [height][width]. Throws std::invalid_argument unless the sizes agree.
void tint_labels(Image& image, std::span<const uint16_t> labels, std::span<const Rgb> colors, double opacity);

// Paints the pixels whose right or lower neighbour has another id: where things of one colour meet. `ids` [height][width].
// Throws std::invalid_argument unless the sizes agree.
void outline(Image& image, std::span<const uint32_t> ids, const Rgb& color);

}  // namespace glid
