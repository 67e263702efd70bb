#include "glid/train/threads.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdlib>

#include "glid/core/counted.h"
#include "glid/core/cpus.h"
#include "glid/core/format.h"
#include "glid/core/log.h"

namespace glid {
namespace {

// LibTorch read it when it was loaded.
bool env_says_threads() { return std::getenv("OMP_NUM_THREADS") != nullptr; }

int64_t share(const ThreadLimits& limits) { return std::max<int64_t>(1, limits.processors / limits.ranks); }

}  // namespace

int64_t count_threads(const ThreadLimits& limits) {
  if (limits.wanted) return *limits.wanted;
  return limits.ranks > 1 ? share(limits) : limits.free;
}

int64_t count_threads(const ThreadLimits& limits, int64_t before) {
  return limits.wanted || before > share(limits) ? count_threads(limits) : before;
}

void set_threads(std::optional<int64_t> wanted, const LaunchEnv& env) {
  if (!wanted && env_says_threads()) return;
  const int64_t free = wanted || env.local_size > 1 ? 1 : num_free_cpus();  // it takes a while to find out
  at::set_num_threads(static_cast<int>(count_threads({wanted, num_cpus(), free, env.local_size})));
}

void keep_threads(std::optional<int64_t> wanted, int64_t before, const LaunchEnv& env) {
  const int64_t now = at::get_num_threads();
  if (env_says_threads()) return;
  const int64_t threads = count_threads({wanted, num_cpus(), now, env.local_size}, before);
  if (threads == now) return;
  log_info("{} of {}, as the run had: --threads takes others", counted(threads, "thread"), num_cpus());
  at::set_num_threads(static_cast<int>(threads));
}

std::string threads_text(std::optional<int64_t> wanted, const LaunchEnv& env) {
  const int64_t threads = at::get_num_threads();
  const bool is_choice = wanted || env_says_threads() || env.local_size > 1 || threads >= num_cpus();
  return format("{} thread{}{}", threads, threads == 1 ? "" : "s",
                is_choice ? "" : format(" (of {} processors: --threads takes more)", num_cpus()));
}

}  // namespace glid
