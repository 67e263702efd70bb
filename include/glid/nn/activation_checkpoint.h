// Activation checkpointing (Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016).
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace glid {

// What `segment` returns, without keeping for the backward pass what lies inside it: that is computed again there, once,
// when the first of it is needed. What goes into the segment is kept by the function itself, which must own all it reads,
// give the same bits each time and draw no random numbers. The graph is the one of a plain call, so gradients are bit-equal,
// no parameter is marked ready twice, and nothing needs to require a gradient. Where gradients are off it is a plain call.
// Segments don't nest.
at::Tensor checkpoint_activations(std::function<at::Tensor()> segment);

// While it lives with `active`, every block() of this thread is such a segment. One at a time.
class CheckpointedBlocks {
 public:
  explicit CheckpointedBlocks(bool active);
  ~CheckpointedBlocks();
  CheckpointedBlocks(const CheckpointedBlocks&) = delete;
  CheckpointedBlocks& operator=(const CheckpointedBlocks&) = delete;

  // What a transformer block computes; modules may be read by reference.
  static at::Tensor block(std::function<at::Tensor()> compute);
};

}  // namespace glid
