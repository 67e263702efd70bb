#include "glid/viz/contact_sheet.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "glid/core/error.h"
#include "glid/core/log.h"
#include "glid/data/epoch_plan.h"
#include "glid/formats/resize.h"
#include "glid/viz/image_grid.h"

namespace glid {
namespace {

constexpr size_t kCellsARow = 4;
constexpr int kPaddingPx = 6;
constexpr uint8_t kUnreadable = 160;

SamplePictures unreadable(const std::string& name, int64_t side_px) {
  return {{{Image::filled(side_px, side_px, kUnreadable), name + ": can't be read"}}, {}};
}

// A depth map is wider by its scale.
Image fitted(const Image& image, int64_t side_px) {
  return image.width <= side_px ? image : scaled(image, static_cast<double>(side_px) / static_cast<double>(image.width));
}

SamplePictures pictures_of(const AnnotatedDataset& dataset, int64_t id, int64_t side_px) {
  try {
    return draw_sample(dataset.get(id), dataset.vocabulary(), side_px);
  } catch (const DataError& error) {
    log_warning("{}", error.what());
    return unreadable(dataset.name(id), side_px);
  }
}

}  // namespace

Image contact_sheet(const AnnotatedDataset& dataset, const SheetOptions& options) {
  if (options.count < 1 || options.side_px < 1) throw std::invalid_argument("contact_sheet: nothing to draw");
  std::vector<int64_t> ids = epoch_permutation(dataset.size(), options.seed, 0);
  ids.resize(static_cast<size_t>(std::min(options.count, dataset.size())));
  std::vector<std::vector<Image>> rows(1);
  std::map<std::string, Rgb> classes;
  for (const int64_t id : ids) {
    const SamplePictures drawn = pictures_of(dataset, id, options.side_px);
    if (!rows.back().empty() && rows.back().size() + drawn.pictures.size() > kCellsARow) rows.emplace_back();
    for (const auto& [image, caption] : drawn.pictures)
      rows.back().push_back(captioned(centred(fitted(image, options.side_px), options.side_px, options.side_px), caption));
    for (const auto& [name, color] : drawn.classes) classes.emplace(name, color);
  }
  const Image sheet = grid(rows, {}, kPaddingPx);
  std::vector<NamedColor> entries;
  for (const auto& [name, color] : classes) entries.push_back({name, color});
  return entries.empty() ? sheet : above(sheet, color_legend(entries, sheet.width));
}

}  // namespace glid
