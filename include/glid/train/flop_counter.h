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

  // Two for a multiplication with its addition. Fused attention's backward pass has 5 products where its forward pass has 2;
  // what masks leave out counts too. What fused
  // operations compute again in the backward pass doesn't.
  double flop() const;
};

}  // namespace glid
