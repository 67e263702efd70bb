// What every rank does alone and may fail at alone: on its disk, in its data.
#pragma once

#include <functional>

#include "glid/dist/communicator.h"

namespace glid {

// All ranks call it, each with its own part of the work, in which there is no call of the group. Where one throws, all do:
// that one its own error, the others PeerFailedError.
void work_together(Communicator& communicator, const std::function<void()>& work, const char* what);

}  // namespace glid
