// Changes of colour that leave geometry alone (no LibTorch).
#pragma once

#include <array>
#include <cstdint>

#include "glid/core/rng.h"
#include "glid/formats/image.h"

namespace glid {

// AdaBins' augmentation (shariqfarooq123/AdaBins, dataloader.py), on values in [0, 1]: to the power of U(0.9, 1.1), times
// U(0.75, 1.25), each channel times U(0.9, 1.1), clipped.
Image change_colours(const Image& image, Rng& rng);

// SSD's augmentation as segmentation has it (detectron2, point_rend/color_augmentation.py): brightness + U(-32, 32);
// contrast times U(0.5, 1.5) before or after saturation times U(0.5, 1.5) and hue + -18 to 18 of 180. Each of the four half
// of the time; values are cut to whole numbers after each.
Image jitter_colours(const Image& image, Rng& rng);

// Pillow's ImageEnhance.Brightness, Contrast and Color: from black, from the image's mean grey and from each pixel's grey
// by `factor` towards the image, or beyond it. As Pillow rounds.
Image scale_brightness(const Image& image, double factor);
Image scale_contrast(const Image& image, double factor);
Image scale_saturation(const Image& image, double factor);
// torchvision's ColorJitter(strength, strength, strength): the three in a random order, by U(1 - strength, 1 + strength)
// each.
Image jitter_light(const Image& image, double strength, Rng& rng);

// Three bytes as OpenCV has them: hue in [0, 180), two degrees each; saturation and value in [0, 255].
using RgbBytes = std::array<uint8_t, 3>;
using HsvBytes = std::array<uint8_t, 3>;
// OpenCV's COLOR_RGB2HSV and COLOR_HSV2RGB of 8 bits. The way back rounds, as OpenCV's scalar code does; its vector code
// cuts to whole numbers.
HsvBytes hsv_of(const RgbBytes& rgb);
RgbBytes rgb_of(const HsvBytes& hsv);

}  // namespace glid
