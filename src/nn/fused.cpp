#include "glid/nn/fused.h"

#include <ATen/record_function.h>
#include <c10/util/Exception.h>

#include <cstdlib>
#include <string_view>

#include "glid/nn/low_precision_norm.h"

namespace glid {
namespace {

bool is_asked = false;

bool environment_asks() {
  const char* fused = std::getenv("GLID_FUSED");
  return fused != nullptr && std::string_view(fused) == "0";
}

}  // namespace

PlainOperations::PlainOperations() {
  TORCH_CHECK(!is_asked, "one PlainOperations at a time");
  is_asked = true;
}

PlainOperations::~PlainOperations() { is_asked = false; }

bool PlainOperations::asked() {
  static const bool always = environment_asks();
  return always || is_asked;
}

void record_products(double flop) { RECORD_FUNCTION(kProducts, std::vector<c10::IValue>{flop}); }

at::Tensor low_precision_norm(const LayerNorm& norm, const at::Tensor& x) {
  return fuses_layer_norm(x) ? fused_layer_norm(x, norm.weight, norm.bias, norm.eps) : norm.forward(x);
}

}  // namespace glid
