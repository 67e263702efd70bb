#include "glid/train/threads.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdlib>

#include "glid/core/cpus.h"
#include "glid/core/format.h"
#include "glid/core/log.h"

namespace glid {
namespace {

// LibTorch read it when it was loaded.
bool env_says_threads() { return std::getenv("OMP_NUM_THREADS") != nullptr; }

}  // namespace

void set_threads(std::optional<int64_t> wanted, const LaunchEnv& env) {
  if (!wanted && env_says_threads()) return;
  if (!wanted) wanted = env.local_size > 1 ? std::max<int64_t>(1, num_cpus() / env.local_size) : num_free_cpus();
  at::set_num_threads(static_cast<int>(*wanted));
}

void keep_threads(std::optional<int64_t> wanted, int64_t threads) {
  if (wanted || env_says_threads() || threads == at::get_num_threads() || threads > num_cpus()) return;
  log_info("{} threads of {}, as the run had: --threads takes others", threads, num_cpus());
  at::set_num_threads(static_cast<int>(threads));
}

std::string threads_text(std::optional<int64_t> wanted) {
  const int64_t threads = at::get_num_threads();
  const bool is_choice = wanted || env_says_threads() || threads >= num_cpus();
  return format("{} thread{}{}", threads, threads == 1 ? "" : "s",
                is_choice ? "" : format(" (of {} processors: --threads takes more)", num_cpus()));
}

}  // namespace glid
