// What a computation costs whatever the machine: its multiplications and additions in products of matrices, convolutions and
// attention, where a network has nearly all of them. ATen tells of each operation that it runs.
#pragma once

namespace glid {

// Counts in all threads from its construction on; one at a time.
class FlopCounter {
 public:
  FlopCounter();
  ~FlopCounter();
  FlopCounter(const FlopCounter&) = delete;
  FlopCounter& operator=(const FlopCounter&) = delete;

  // Two for a multiplication with its addition; what masks leave out counts too. Attention has 4 products backward where it
  // has 2 forward: what a fused one computes again doesn't count.
  double flop() const;
};

}  // namespace glid
