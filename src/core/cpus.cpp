#include "glid/core/cpus.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <thread>

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

bool may_run_on(const cpu_set_t& cpus, int cpu) { return cpu < CPU_SETSIZE && CPU_ISSET(static_cast<size_t>(cpu), &cpus); }

// False where the kernel doesn't tell, or has more processors than the set can name.
bool read_affinity(cpu_set_t& cpus) {
  CPU_ZERO(&cpus);
  return ::sched_getaffinity(0, sizeof cpus, &cpus) == 0;
}

double number_in(const fs::path& file) {
  double number = -1;
  std::ifstream(file) >> number;
  return number;
}

double quota_of(const fs::path& group) {
  double quota = -1, period = 0;
  std::ifstream(group / "cpu.max") >> quota >> period;  // "max 100000" leaves the quota as no number
  if (period <= 0) {
    quota = number_in(group / "cpu.cfs_quota_us");
    period = number_in(group / "cpu.cfs_period_us");
  }
  return quota > 0 && period > 0 ? quota / period : kUnlimited;
}

// By /proc/self/cgroup, "0::/group" (v2) or "4:cpu,cpuacct:/group" (v1), where systems mount them.
double own_quota() {
  double quota = kUnlimited;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t controllers = line.find(':'), path = line.find(':', controllers + 1);
    if (path == line.npos) continue;
    const std::string names = "," + line.substr(controllers + 1, path - controllers - 1) + ",";
    const std::string group = line.substr(path + 1);
    if (names == ",,") quota = std::min(quota, cpu_quota("/sys/fs/cgroup", group));
    else if (names.find(",cpu,") != names.npos) quota = std::min(quota, cpu_quota("/sys/fs/cgroup/cpu", group));
  }
  return quota;
}

// Time in ticks over the processors that this process may use.
struct Ticks {
  double unused = 0, all = 0;
};

Ticks read_ticks(const cpu_set_t& cpus) {
  Ticks ticks;
  std::ifstream stat("/proc/stat");
  for (std::string line; std::getline(stat, line);) {
    int cpu = 0;
    if (std::sscanf(line.c_str(), "cpu%d ", &cpu) != 1 || !may_run_on(cpus, cpu)) continue;
    std::istringstream fields(line.substr(line.find(' ')));
    double ticks_of[8] = {};  // user, nice, system, idle, iowait, irq, softirq, steal
    for (double& field : ticks_of) fields >> field, ticks.all += field;
    ticks.unused += ticks_of[1] + ticks_of[3] + ticks_of[4];
  }
  return ticks;
}

}  // namespace

double cpu_quota(const fs::path& root, const fs::path& group) {
  double quota = quota_of(root);
  fs::path place = root;
  for (const fs::path& part : group.relative_path()) quota = std::min(quota, quota_of(place /= part));
  return quota;
}

int64_t num_cpus() {
  cpu_set_t cpus;
  const int64_t allowed = read_affinity(cpus) ? CPU_COUNT(&cpus) : std::thread::hardware_concurrency();
  const double quota = own_quota();
  return std::max<int64_t>(1, std::isinf(quota) ? allowed : std::min(allowed, static_cast<int64_t>(std::ceil(quota))));
}

namespace {

int64_t count_free_cpus() {
  const int64_t usable = num_cpus();
  cpu_set_t cpus;
  if (!read_affinity(cpus)) return usable;
  const Ticks before = read_ticks(cpus);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const Ticks after = read_ticks(cpus);
  if (after.all <= before.all) return usable;
  const double unused = (after.unused - before.unused) / (after.all - before.all) * CPU_COUNT(&cpus);
  return std::clamp<int64_t>(std::llround(unused), 1, usable);
}

}  // namespace

int64_t num_free_cpus() {
  static const int64_t count = count_free_cpus();
  return count;
}

}  // namespace glid
