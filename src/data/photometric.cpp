#include "glid/data/photometric.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace glid {
namespace {

constexpr int kHues = 180;

// For every value of a channel.
using Curve = std::array<uint8_t, 256>;

// In single precision, cut: numpy's float32 to uint8.
Curve line(double factor, double offset) {
  Curve curve{};
  for (size_t value = 0; value < curve.size(); ++value) {
    const float changed = static_cast<float>(value) * static_cast<float>(factor) + static_cast<float>(offset);
    curve[value] = static_cast<uint8_t>(std::clamp(changed, 0.0F, 255.0F));
  }
  return curve;
}

void change(Image& image, const Curve& curve) {
  for (uint8_t& value : image.pixels) value = curve[value];
}

template <class Change>
void change_hsv(Image& image, const Change& change) {
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    HsvBytes hsv = hsv_of({image.pixels[i], image.pixels[i + 1], image.pixels[i + 2]});
    change(hsv);
    std::ranges::copy(rgb_of(hsv), image.pixels.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// value * full / whole, rounded as OpenCV does with its tables of full / whole in fixed point; 0 where whole is 0.
int share(int value, double full, int whole) {
  constexpr int kShift = 12;
  if (whole == 0) return 0;
  const auto factor = static_cast<int>(std::lrint(full * (1 << kShift) / whole));
  return (value * factor + (1 << (kShift - 1))) >> kShift;
}

// Pillow's Image.blend of bytes: in single precision, cut.
uint8_t blend(int from, int to, float factor) {
  const float blended = static_cast<float>(from) + factor * static_cast<float>(to - from);
  return static_cast<uint8_t>(std::clamp(blended, 0.0F, 255.0F));
}

// Pillow's "L" of a pixel.
int grey_of(const uint8_t* rgb) { return (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16; }

Image blend_from_grey(const Image& image, int grey, double factor) {
  Curve curve{};
  for (size_t value = 0; value < curve.size(); ++value)
    curve[value] = blend(grey, static_cast<int>(value), static_cast<float>(factor));
  Image result = image;
  change(result, curve);
  return result;
}

}  // namespace

Image change_colours(const Image& image, Rng& rng) {
  const double gamma = rng.uniform(0.9, 1.1), brightness = rng.uniform(0.75, 1.25);
  std::array<Curve, 3> changed{};
  for (Curve& channel : changed) {
    const double factor = brightness * rng.uniform(0.9, 1.1);
    for (size_t value = 0; value < channel.size(); ++value) {
      const double light = std::pow(static_cast<double>(value) / 255, gamma) * factor;
      channel[value] = static_cast<uint8_t>(std::lround(255 * std::clamp(light, 0.0, 1.0)));
    }
  }
  Image result = image;
  for (size_t i = 0; i < result.pixels.size(); ++i) result.pixels[i] = changed[i % 3][result.pixels[i]];
  return result;
}

Image jitter_colours(const Image& image, Rng& rng) {
  const auto is_drawn = [&] { return rng.uniform() < 0.5; };
  const bool is_brighter = is_drawn(), has_contrast = is_drawn(), is_first = is_drawn(), is_saturated = is_drawn(),
             is_turned = is_drawn();
  const double brightness = rng.uniform(-32, 32), contrast = rng.uniform(0.5, 1.5), saturation = rng.uniform(0.5, 1.5);
  const int hue = static_cast<int>(rng.below(37)) - 18;
  Image result = image;
  if (is_brighter) change(result, line(1, brightness));
  if (has_contrast && is_first) change(result, line(contrast, 0));
  const Curve saturated = line(saturation, 0);
  if (is_saturated) change_hsv(result, [&](HsvBytes& hsv) { hsv[1] = saturated[hsv[1]]; });
  if (is_turned) change_hsv(result, [&](HsvBytes& hsv) { hsv[0] = static_cast<uint8_t>((hsv[0] + hue + kHues) % kHues); });
  if (has_contrast && !is_first) change(result, line(contrast, 0));
  return result;
}

Image scale_brightness(const Image& image, double factor) { return blend_from_grey(image, 0, factor); }

Image scale_contrast(const Image& image, double factor) {
  int64_t sum = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) sum += grey_of(&image.pixels[i]);
  const double mean = static_cast<double>(sum) / static_cast<double>(image.height * image.width);
  return blend_from_grey(image, static_cast<int>(mean + 0.5), factor);
}

Image scale_saturation(const Image& image, double factor) {
  Image result = image;
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    const int grey = grey_of(&image.pixels[i]);
    for (size_t c = i; c < i + 3; ++c) result.pixels[c] = blend(grey, image.pixels[c], static_cast<float>(factor));
  }
  return result;
}

Image jitter_light(const Image& image, double strength, Rng& rng) {
  std::vector<Image (*)(const Image&, double)> changes{scale_brightness, scale_contrast, scale_saturation};
  shuffle(changes, rng);
  Image result = image;
  for (const auto change_by : changes) result = change_by(result, rng.uniform(std::max(0.0, 1 - strength), 1 + strength));
  return result;
}

HsvBytes hsv_of(const RgbBytes& rgb) {
  const int r = rgb[0], g = rgb[1], b = rgb[2];
  const auto [least, most] = std::minmax({r, g, b});
  const int range = most - least;
  int sixths = r - g + 4 * range;
  if (most == r) sixths = g - b;
  else if (most == g) sixths = b - r + 2 * range;
  const int hue = share(sixths, kHues / 6.0, range);
  return {static_cast<uint8_t>(hue < 0 ? hue + kHues : hue), static_cast<uint8_t>(share(range, 255, most)),
          static_cast<uint8_t>(most)};
}

RgbBytes rgb_of(const HsvBytes& hsv) {
  const float turn = static_cast<float>(hsv[0]) * (6.0F / kHues), saturation = static_cast<float>(hsv[1]) * (1 / 255.0F),
              value = static_cast<float>(hsv[2]) * (1 / 255.0F);
  const float sector = std::floor(turn), part = turn - sector;
  const auto byte = [](float light) { return static_cast<uint8_t>(std::lrint(std::clamp(light * 255, 0.0F, 255.0F))); };
  const uint8_t most = byte(value), least = byte(value * (1 - saturation));
  const uint8_t falling = byte(value * (1 - saturation * part)), rising = byte(value * (1 - saturation * (1 - part)));
  switch (static_cast<int>(sector)) {
    case 0: return {most, rising, least};
    case 1: return {falling, most, least};
    case 2: return {least, most, rising};
    case 3: return {least, falling, most};
    case 4: return {rising, least, most};
    default: return {most, least, falling};
  }
}

}  // namespace glid
