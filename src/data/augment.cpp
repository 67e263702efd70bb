#include "glid/data/augment.h"

#include <algorithm>
#include <cmath>

namespace glid {
namespace {

Rng crop_draws(const SampleKey& key) {
  return {key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kCrop};
}

int64_t one_of(const std::vector<int64_t>& sizes, Rng& rng) { return sizes[rng.below(sizes.size())]; }

// Of the ends, both included.
int64_t between(int64_t least, int64_t most, Rng& rng) {
  return least + static_cast<int64_t>(rng.below(static_cast<uint64_t>(most - least + 1)));
}

PictureSize size_of(const Placement& placement) { return {placement.height(), placement.width()}; }

void scale_to(Placement& placement, const PictureSize& size) {
  if (size != size_of(placement)) resize_image(placement, size.height, size.width);
}

// A length that may be larger than what it is cut from.
int64_t part_of(int64_t side, const std::array<int64_t, 2>& range, Rng& rng) {
  const int64_t most = std::min(side, range[1]);
  return between(std::min(range[0], most), most, rng);
}

void cut_part(Placement& placement, const std::array<int64_t, 2>& range, Rng& rng) {
  const PictureSize picture = size_of(placement);
  const int64_t width = part_of(picture.width, range, rng);
  placement.crop(random_part(picture, {part_of(picture.height, range, rng), width}, rng));
}

}  // namespace

void ScaleJitter::place(Placement& placement, Rng& rng) const {
  const auto height = static_cast<double>(placement.height()), width = static_cast<double>(placement.width());
  const double factor = rng.uniform((*jitter)[0], (*jitter)[1]);
  const double zoom =
      factor * std::min(static_cast<double>(jitter_size[0]) / height, static_cast<double>(jitter_size[1]) / width);
  const auto whole = [&](double side) { return std::max<int64_t>(std::llround(zoom * side), 1); };
  scale_to(placement, {whole(height), whole(width)});
  placement.crop(random_part(size_of(placement), {jitter_size[0], jitter_size[1]}, rng));
}

PictureSize shortest_edge(const PictureSize& size, int64_t edge, int64_t longest) {
  const auto height = static_cast<double>(size.height), width = static_cast<double>(size.width);
  const double limit = static_cast<double>(longest), by_edge = static_cast<double>(edge) / std::min(height, width);
  double new_height = height < width ? static_cast<double>(edge) : by_edge * height;
  double new_width = height < width ? by_edge * width : static_cast<double>(edge);
  if (const double longer = std::max(new_height, new_width); longer > limit) {
    new_height *= limit / longer;
    new_width *= limit / longer;
  }
  const auto whole = [](double side) { return std::max<int64_t>(static_cast<int64_t>(side + 0.5), 1); };
  return {whole(new_height), whole(new_width)};
}

PictureSize shortest_edge_of_detr(const PictureSize& size, int64_t edge, std::optional<int64_t> longest) {
  const auto [shorter, longer] = std::minmax(size.height, size.width);
  const double ratio = static_cast<double>(longer) / static_cast<double>(shorter);
  if (longest && ratio * static_cast<double>(edge) > static_cast<double>(*longest)) {
    const double limited = static_cast<double>(*longest * shorter) / static_cast<double>(longer);
    edge = std::max<int64_t>(static_cast<int64_t>(std::nearbyint(limited)), 1);
  }
  if (size.width < size.height) return {edge * size.height / size.width, edge};
  return {edge, edge * size.width / size.height};
}

Placement ScaledCrop::training(const PictureSize& image, const SampleKey& key, int64_t size_px) const {
  Rng rng = crop_draws(key);
  Placement placement(image.height, image.width);
  if (jitter.jitter) jitter.place(placement, rng);
  else if (sizes.empty()) placement.resize(size_px, size_px);
  else scale_to(placement, shortest_edge(image, one_of(sizes, rng), max_size));
  if (crop) placement.crop(random_part(size_of(placement), {(*crop)[0], (*crop)[1]}, rng));
  if (rng.uniform() < 0.5 && flip) placement.flip();
  return placement;
}

Placement ScaledCrop::evaluation(const PictureSize& image, int64_t size_px, double factor) const {
  const auto scaled = [factor](int64_t side) { return std::llround(factor * static_cast<double>(side)); };
  Placement placement(image.height, image.width);
  if (!keep_shape()) return placement.resize(scaled(size_px), scaled(size_px));
  scale_to(placement, shortest_edge(image, scaled(size_px), scaled(max_size)));
  return placement;
}

Placement ScaledOrCropped::training(const PictureSize& image, const SampleKey& key, int64_t size_px) const {
  Rng rng = crop_draws(key);
  Placement placement(image.height, image.width);
  if (rng.uniform() < 0.5 && flip) placement.flip();
  if (jitter.jitter) {
    jitter.place(placement, rng);
    return placement;
  }
  if (!keep_shape()) return placement.resize(size_px, size_px);
  if (rng.uniform() < 0.5 && !cut_sizes.empty()) {
    scale_to(placement, shortest_edge_of_detr(image, one_of(cut_sizes, rng), std::nullopt));
    cut_part(placement, cut, rng);
  }
  scale_to(placement, shortest_edge_of_detr(size_of(placement), one_of(sizes, rng), max_size));
  return placement;
}

Placement ScaledOrCropped::evaluation(const PictureSize& image, int64_t size_px) const {
  Placement placement(image.height, image.width);
  if (!keep_shape()) return placement.resize(size_px, size_px);
  scale_to(placement, shortest_edge_of_detr(image, size_px, max_size));
  return placement;
}

}  // namespace glid
