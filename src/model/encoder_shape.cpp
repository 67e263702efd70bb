#include "glid/model/encoder_shape.h"

#include <numeric>

namespace glid {

int64_t EncoderShape::patch() const {
  return std::visit([](const auto& shape) { return shape.patch; }, shape_);
}
int64_t EncoderShape::unit_px() const {
  return std::visit([](const auto& shape) { return shape.unit_px(); }, shape_);
}
double EncoderShape::drop_path() const {
  return std::visit([](const auto& shape) { return shape.drop_path; }, shape_);
}
int64_t EncoderShape::stage_channels(int stage) const {
  return std::visit([stage](const auto& shape) { return shape.stage_channels(stage); }, shape_);
}

EncoderShape EncoderShape::without_drop_path() const {
  EncoderShape copy = *this;
  std::visit([](auto& shape) { shape.drop_path = 0; }, copy.shape_);
  return copy;
}

std::vector<int64_t> EncoderShape::depths() const {
  if (const VitShape* shape = vit()) return {shape->depth};
  return {swin()->depths.begin(), swin()->depths.end()};
}

int64_t EncoderShape::num_blocks() const {
  const std::vector<int64_t> blocks = depths();
  return std::accumulate(blocks.begin(), blocks.end(), int64_t{0});
}

bool EncoderShape::has_pyramid() const { return !vit() || vit()->has_pyramid(); }

StageWindows EncoderShape::windows() const { return swin() ? swin()->windows : StageWindows{}; }

std::shared_ptr<TokenEncoder> make_encoder(const EncoderShape& shape, const EncoderUse& use) {
  if (const VitShape* vit = shape.vit()) return std::make_shared<Vit>(*vit, use);
  return std::make_shared<Swin>(*shape.swin(), use);
}

}  // namespace glid
