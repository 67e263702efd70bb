#include "glid/nn/row_map.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace glid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor with_last_row(const at::Tensor& x, const at::Tensor& row) { return at::cat({x, row.unsqueeze(0)}); }

at::Tensor gather_places(const at::Tensor& x, const RowMap& map, const at::Tensor& fill) {
  return (map.has_fill() ? with_last_row(x, fill) : x).index_select(0, map.rows);
}

at::Tensor zero_row(const at::Tensor& x) { return at::zeros({x.size(1)}, x.options()); }

void save(AutogradContext* ctx, const RowMap& map) { ctx->save_for_backward({map.rows, map.inverse, map.empty}); }

RowMap saved_map(AutogradContext* ctx) {
  const variable_list saved = ctx->get_saved_variables();
  return {saved[0], saved[1], saved[2]};
}

at::Tensor gradient_of_fill(const at::Tensor& grad, const RowMap& map) {
  if (map.empty.defined()) return grad.index_select(0, map.empty).sum(0);
  return grad.masked_fill(map.rows.lt(map.inverse.size(0)).unsqueeze(1), 0).sum(0);
}

struct Spread : torch::autograd::Function<Spread> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& fill, const RowMap& map) {
    save(ctx, map);
    return gather_places(x, map, fill);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const RowMap map = saved_map(ctx);
    const at::Tensor grad_x = grads[0].index_select(0, map.inverse);
    if (!map.has_fill() || !ctx->needs_input_grad(1)) return {grad_x, {}, {}};
    return {grad_x, gradient_of_fill(grads[0], map), {}};
  }
};

struct Collect : torch::autograd::Function<Collect> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& y, const RowMap& map) {
    save(ctx, map);
    return y.index_select(0, map.inverse);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const RowMap map = saved_map(ctx);
    return {gather_places(grads[0], map, zero_row(grads[0])), {}};
  }
};

}  // namespace

at::Tensor spread(const at::Tensor& x, const RowMap& map) { return Spread::apply(x, zero_row(x), map); }
at::Tensor spread(const at::Tensor& x, const RowMap& map, const at::Tensor& fill) {
  return Spread::apply(x, fill.to(x.scalar_type()), map);
}
at::Tensor collect(const at::Tensor& y, const RowMap& map) { return Collect::apply(y, map); }

}  // namespace glid
