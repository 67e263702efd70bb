// The transports of a group. Only dist/ sees c10d.
#pragma once

#include <c10/core/Device.h>

#include <chrono>

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "glid/dist/launch.h"

namespace glid {

c10::intrusive_ptr<c10d::Backend> make_gloo_backend(const c10::intrusive_ptr<c10d::Store>& store, const LaunchEnv& env,
                                                    std::chrono::milliseconds timeout);

// Makes `device` the current one. Throws UsageError in a build without CUDA.
c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, const LaunchEnv& env,
                                                    c10::Device device, std::chrono::milliseconds timeout);

}  // namespace glid
