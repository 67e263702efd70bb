#include "glid/tasks/part_in_training.h"

#include <optional>
#include <variant>

#include "glid/data/transforms.h"

namespace glid {
namespace {

// The smallest area of the crop.
template <class Config>
std::optional<double> crop_area_of(const Config& task) {
  if constexpr (requires { task.hiding.pixels; }) return task.hiding.pixels.crop_area;
  else if constexpr (requires { task.pixels; }) return task.pixels.crop_area;
  else if constexpr (requires { task.colour_jitter; })
    return task.colour_jitter > 0 ? std::nullopt : std::optional(task.crop_area);
  else if constexpr (requires { task.crop_area; }) return task.crop_area;
  else return std::nullopt;
}

double to_double(int64_t value) { return static_cast<double>(value); }

Box box_of(const CropBox& crop) {
  return {to_double(crop.left), to_double(crop.top), to_double(crop.left + crop.width), to_double(crop.top + crop.height)};
}

}  // namespace

PartByKey part_in_training(const TaskConfig& config, int64_t size_px) {
  const std::optional<double> area = std::visit([](const auto& task) { return crop_area_of(task); }, config);
  if (!area) return {};
  return [area = *area, size_px](int64_t height, int64_t width, const SampleKey& key) {
    const Placement placement = square_placement(height, width, key, size_px, area, /*training=*/true);
    return box_of(std::get<CropBox>(placement.steps().at(0).operation));
  };
}

}  // namespace glid
