#include "glid/nn/activation_checkpoint.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <optional>

#include "glid/nn/layers.h"

namespace glid {
namespace {

struct Layers {
  Layers() {
    at::manual_seed(3);
    for (const Linear* layer : {&wide, &narrow}) {
      const at::NoGradGuard no_grad;
      layer->weight.normal_(0, 0.3);
    }
  }
  at::Tensor forward(const at::Tensor& x) const {
    ++calls;
    return x + narrow.forward(at::gelu(wide.forward(norm.forward(x))));
  }

  LayerNorm norm{8};
  Linear wide{8, 32}, narrow{32, 8};
  mutable int calls = 0;
};

using Around = std::function<at::Tensor(std::function<at::Tensor()>)>;
at::Tensor plain(const std::function<at::Tensor()>& segment) { return segment(); }

// Of the input and the weights, through the layers twice; the sum's graph goes on behind them.
std::vector<at::Tensor> gradients(const Around& around, bool with_autocast, int expected_calls) {
  const Layers layers;
  const at::Tensor x = at::randn({6, 8}).requires_grad_();
  at::autocast::set_autocast_enabled(at::kCPU, with_autocast);
  at::Tensor y = around([&layers, x] { return layers.forward(x); });
  y = around([&layers, y] { return layers.forward(y); });
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  y.square().sum().backward();
  EXPECT_EQ(layers.calls, expected_calls);
  return {x.grad(),
          layers.norm.weight.grad(),
          layers.norm.bias.grad(),
          layers.wide.weight.grad(),
          layers.wide.bias.grad(),
          layers.narrow.weight.grad(),
          layers.narrow.bias.grad()};
}

TEST(ActivationCheckpoint, GradientsAreBitEqual) {
  for (const bool with_autocast : {false, true}) {
    const std::vector<at::Tensor> kept = gradients(plain, with_autocast, 2);
    const std::vector<at::Tensor> recomputed = gradients(checkpoint_activations, with_autocast, 4);
    for (size_t i = 0; i < kept.size(); ++i) EXPECT_TRUE(at::equal(kept[i], recomputed[i])) << i << with_autocast;
    EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
  }
}

TEST(ActivationCheckpoint, NothingInsideIsKept) {
  const at::Tensor x = at::randn({4}).requires_grad_();
  for (const bool checkpointed : {false, true}) {
    std::optional<c10::weak_intrusive_ptr<c10::StorageImpl>> inner;
    const auto segment = [x, &inner] {
      const at::Tensor y = x.exp();  // saves its result
      inner = y.storage().getWeakStorageImpl();
      return y.sin();
    };
    const at::Tensor y = checkpointed ? checkpoint_activations(segment) : segment();
    EXPECT_EQ(inner->expired(), checkpointed);
    y.sum().backward();
  }
}

// The graph may be asked again, and gradients of some inputs alone.
TEST(ActivationCheckpoint, IsAnOrdinaryGraph) {
  const at::Tensor x = at::randn({4}).requires_grad_(), w = at::randn({4}).requires_grad_();
  const at::Tensor y = checkpoint_activations([x, w] { return (x * w).exp(); }).sum();
  const auto ask = [&](const at::Tensor& of) { return torch::autograd::grad({y}, {of}, {}, /*retain_graph=*/true)[0]; };
  const at::Tensor expected = ((x * w).exp() * w).detach();
  EXPECT_TRUE(at::equal(ask(x), expected));
  EXPECT_TRUE(at::equal(ask(x), expected));
  EXPECT_TRUE(at::equal(ask(w), ((x * w).exp() * x).detach()));
}

TEST(ActivationCheckpoint, AnotherResultTheSecondTimeIsRefused) {
  int calls = 0;
  const at::Tensor x = at::randn({4}).requires_grad_();
  const at::Tensor y = checkpoint_activations([&calls, x] { return ++calls == 1 ? x.exp().sin() : x.exp(); });
  EXPECT_THROW(y.sum().backward(), c10::Error);
}

TEST(ActivationCheckpoint, WithoutGradientsIsAPlainCall) {
  const at::NoGradGuard no_grad;
  int calls = 0;
  (void)checkpoint_activations([&calls] { return at::full({}, ++calls); });
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace glid
