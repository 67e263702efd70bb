// What N processes of one host need to hold the names of a folder and the order of two epochs, and how long they take to
// start: bench_file_list ROOT [N]. ROOT has ImageNet's layout. The first start of all lists the folders, the next reads the
// cache (glid/data/file_list.h).
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "glid/data/epoch_plan.h"
#include "glid/data/image_folder.h"

namespace {

struct Memory {
  double proportional_mb = 0, private_mb = 0;  // what is shared by n processes counts 1/n in the first
};

Memory memory_of_this_process() {
  std::ifstream file("/proc/self/smaps_rollup");
  Memory memory;
  for (std::string key; file >> key;) {
    double kb = 0;
    if (key == "Pss:") file >> kb, memory.proportional_mb += kb / 1024;
    if (key == "Private_Clean:" || key == "Private_Dirty:") file >> kb, memory.private_mb += kb / 1024;
  }
  return memory;
}

struct Result {
  double start_s = 0;
  Memory memory;
  int64_t images = 0;
};

struct Pipe {
  Pipe() {
    if (::pipe(ends) != 0) std::abort();
  }
  template <class T>
  void send(const T& value) const {
    if (::write(ends[1], &value, sizeof value) != sizeof value) std::abort();
  }
  template <class T>
  T receive() const {
    T value;
    if (::read(ends[0], &value, sizeof value) != sizeof value) std::abort();
    return value;
  }
  int ends[2];
};

struct Pipes {
  Pipe ready, go, results, end;
};

// One process's part: measured once all hold what they need.
void hold(const char* root, int64_t rank, int64_t ranks, const Pipes& pipes) {
  using Clock = std::chrono::steady_clock;
  const Memory before = memory_of_this_process();
  const auto begin = Clock::now();
  const glid::ImageFolder images = open_imagenet(root, glid::Split::kTrain);
  const glid::TrainingPlan plan(images.size(), 0, {.global_batch = ranks, .rank = rank, .world_size = ranks});
  (void)plan.key({0, rank}, 0);
  const double start_s = std::chrono::duration<double>(Clock::now() - begin).count();
  (void)plan.key({1, rank}, 0);
  pipes.ready.send(rank);
  (void)pipes.go.receive<int64_t>();
  const Memory after = memory_of_this_process();
  pipes.results.send(Result{
      start_s, {after.proportional_mb - before.proportional_mb, after.private_mb - before.private_mb}, images.size()});
  (void)pipes.end.receive<int64_t>();  // so that the others share with this one
}

void start_all(const char* name, const char* root, int64_t ranks) {
  const Pipes pipes;
  for (int64_t rank = 0; rank < ranks; ++rank) {
    if (::fork() != 0) continue;
    hold(root, rank, ranks, pipes);
    std::_Exit(0);
  }
  for (int64_t i = 0; i < ranks; ++i) (void)pipes.ready.receive<int64_t>();
  for (int64_t i = 0; i < ranks; ++i) pipes.go.send(i);
  Result sum;
  double slowest_s = 0;
  for (int64_t i = 0; i < ranks; ++i) {
    const Result result = pipes.results.receive<Result>();
    sum.memory.proportional_mb += result.memory.proportional_mb;
    sum.memory.private_mb += result.memory.private_mb;
    sum.images = result.images;
    slowest_s = std::max(slowest_s, result.start_s);
  }
  for (int64_t i = 0; i < ranks; ++i) pipes.end.send(i);
  while (::wait(nullptr) > 0) {}
  std::printf(
      "%s: %lld processes, %lld names each: %.2f s to the first sample's id (the slowest), %.0f MiB together (PSS), "
      "%.0f MiB of them private\n",
      name, static_cast<long long>(ranks), static_cast<long long>(sum.images), slowest_s, sum.memory.proportional_mb,
      sum.memory.private_mb);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::puts("usage: bench_file_list ROOT [PROCESSES]"), 2;
  const int64_t ranks = argc > 2 ? std::atoll(argv[2]) : 8;
  for (const char* name : {"first start", "second start", "third start"}) start_all(name, argv[1], ranks);
}
