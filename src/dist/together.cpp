#include "glid/dist/together.h"

#include <ATen/ATen.h>

#include <exception>

#include "glid/core/format.h"
#include "glid/core/peer_failed.h"

namespace glid {

void work_together(Communicator& communicator, const std::function<void()>& work, const char* what) {
  std::exception_ptr failure;
  try {
    work();
  } catch (...) {
    failure = std::current_exception();
  }
  const at::Tensor failures = at::full({1}, failure ? 1.0 : 0.0);
  try {
    communicator.all_reduce_sum(failures, what);
  } catch (const LostPeerError&) {
    if (!failure) throw;  // one's own failure says more
  }
  if (failure) std::rethrow_exception(failure);
  if (failures.item<double>() > 0) throw PeerFailedError(communicator.place(), format("another rank failed at {}", what));
}

}  // namespace glid
