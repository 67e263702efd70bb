// Loops over threads.
#pragma once

#include <cstdint>
#include <functional>

namespace glid {

// Calls run(begin, end, thread) for consecutive pieces of [0, count), each by whichever thread is free; thread <
// num_threads, and the calling thread is one of them. Throws the first exception after all have stopped.
void for_pieces(int64_t count, int64_t piece, int64_t num_threads,
                const std::function<void(int64_t begin, int64_t end, int64_t thread)>& run);

}  // namespace glid
