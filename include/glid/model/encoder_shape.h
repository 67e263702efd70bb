// The closed list of encoders, and what is asked of a shape whichever it is of.
#pragma once

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "glid/model/encoder.h"
#include "glid/model/swin.h"
#include "glid/model/vit.h"

namespace glid {

class EncoderShape {
 public:
  EncoderShape() = default;
  EncoderShape(const SwinShape& shape) : shape_(shape) {}  // NOLINT: a Swin's shape is an encoder's
  EncoderShape(const VitShape& shape) : shape_(shape) {}   // NOLINT: as a ViT's is

  const SwinShape* swin() const { return std::get_if<SwinShape>(&shape_); }  // null: another one
  const VitShape* vit() const { return std::get_if<VitShape>(&shape_); }

  int64_t patch() const;                                     // px
  int64_t unit_px() const;                                   // side of a unit
  int64_t cell_px() const { return unit_px() / kUnitSide; }  // side of a cell of the pyramid's finest level
  double drop_path() const;
  EncoderShape without_drop_path() const;
  std::vector<int64_t> depths() const;  // blocks by stage; a ViT's is one
  int64_t num_blocks() const;
  bool has_pyramid() const;
  int64_t stage_channels(int stage) const;
  StageWindows windows() const;  // 0 where attention has no windows
  // The plan of an image of which the units `visible` (ascending, not empty) are seen.
  SamplePlan plan(const UnitGrid& grid, std::vector<int64_t> visible) const {
    return plan_sample(grid, std::move(visible), windows());
  }

 private:
  std::variant<SwinShape, VitShape> shape_;
};

std::shared_ptr<TokenEncoder> make_encoder(const EncoderShape& shape, const EncoderUse& use = {});

}  // namespace glid
