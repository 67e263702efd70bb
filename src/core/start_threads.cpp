#include "glid/core/start_threads.h"

#include <system_error>

#include "glid/core/error.h"

namespace glid {

void start_threads(std::vector<std::thread>& threads, int64_t count, const std::function<void()>& work,
                   const std::function<void()>& join) {
  try {
    while (std::ssize(threads) < count) threads.emplace_back(work);
  } catch (const std::system_error& error) {
    const std::string number = std::to_string(threads.size() + 1);
    join();
    throw Error(ExitCode::kInternal, "data.workers",
                "thread " + number + " of " + std::to_string(count) + " can't be started", error.what(),
                "lower it, or the limits on threads and memory");
  }
}

}  // namespace glid
