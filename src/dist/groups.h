// The two kinds of communicator.
#pragma once

#include <c10/core/Device.h>

#include <chrono>
#include <memory>

#include "glid/dist/communicator.h"

namespace glid {

std::unique_ptr<Communicator> make_local_group(const LaunchEnv& env);
std::unique_ptr<Communicator> make_process_group(const LaunchEnv& env, c10::Device device,
                                                 std::chrono::milliseconds timeout);

}  // namespace glid
