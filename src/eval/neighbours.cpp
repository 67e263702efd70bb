#include "glid/eval/neighbours.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/eval/knn.h"
#include "glid/formats/image_file.h"
#include "glid/formats/resize.h"
#include "glid/viz/image_grid.h"

namespace glid {
namespace {

constexpr int64_t kSidePx = 128;
constexpr int kPaddingPx = 6;

// Shrunk or enlarged to fit the cell, with its name and what else is to be said below.
Image cell(const NamedImage& named, const std::string& words) {
  const Image image = read_image(named.file);
  const Image fitted =
      scaled(image, static_cast<double>(kSidePx) / static_cast<double>(std::max(image.height, image.width)));
  return captioned(captioned(centred(fitted, kSidePx, kSidePx), named.name), words);
}

}  // namespace

Image neighbour_sheet(const ImageFeatures& images, int64_t count, int64_t neighbours) {
  const int64_t total = images.features.size(0);
  if (total < 2) throw DataError("--neighbours", "needs two images or more", format("{}", total));
  count = std::min(count, total);
  neighbours = std::min(neighbours, total - 1);
  const at::NoGradGuard no_grad;
  const at::Tensor directions = directions_of(images.features);
  const at::Tensor rows = at::div(at::arange(count, at::kLong) * total, count, "floor");     // [count] of the asked
  const at::Tensor similarities = at::mm(directions.index_select(0, rows), directions.t());  // [count, N]
  similarities.scatter_(1, rows.unsqueeze(1), -HUGE_VAL);         // an image is not its own neighbour
  const auto [nearest, indices] = similarities.topk(neighbours);  // [count, neighbours]
  std::vector<std::vector<Image>> cells;
  const auto image = [&](int64_t i) { return images.images.at(static_cast<size_t>(i)); };
  for (int64_t row = 0; row < count; ++row) {
    cells.push_back({cell(image(rows[row].item<int64_t>()), "")});
    for (int64_t i = 0; i < neighbours; ++i)
      cells.back().push_back(cell(image(indices[row][i].item<int64_t>()), format("{:.2f}", nearest[row][i].item<double>())));
  }
  return grid(cells, {"image", "nearest"}, kPaddingPx);
}

}  // namespace glid
