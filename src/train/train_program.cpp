#include "glid/train/train_program.h"

#include <algorithm>
#include <cstdio>

#include "glid/config/read.h"
#include "glid/config/tree.h"
#include "glid/config/write.h"
#include "glid/core/log.h"
#include "glid/train/device.h"
#include "glid/train/dry_run.h"
#include "glid/train/loop.h"
#include "glid/train/profile.h"
#include "glid/train/stop_signal.h"
#include "glid/train/threads.h"

namespace glid {
namespace {

Resume parse_resume(const std::string& text) {
  if (text == "auto") return {Resume::Mode::kAuto, {}};
  if (text == "none") return {Resume::Mode::kNone, {}};
  return {Resume::Mode::kFrom, text};
}

// Where data lie and how many threads read them is each host's own matter.
bool may_differ_between_ranks(const std::string& path) { return path == "data.root" || path == "data.workers"; }

// All ranks must train alike, or they would average what doesn't belong together.
void require_same_config(const RunConfig& config, Communicator& communicator) {
  std::string own;
  for (const auto& [path, value] : config::flatten(config))
    if (!may_differ_between_ranks(path)) own += path + ": " + value + "\n";
  const std::vector<std::string> all = communicator.all_gather_bytes(own, "the configurations");
  for (size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    const auto [main_end, end] = std::ranges::mismatch(all[0], all[rank]);
    const auto line_at = [](const std::string& text, size_t place) {
      const size_t begin = place == 0 ? 0 : text.rfind('\n', place - 1) + 1;
      return text.substr(begin, text.find('\n', begin) - begin);
    };
    const auto place = static_cast<size_t>(main_end - all[0].begin());
    throw UsageError("configuration", "is not the same on all ranks",
                     format("rank 0: {}, rank {}: {}", line_at(all[0], place), rank, line_at(all[rank], place)));
  }
}

config::Tree tree_of(const TrainArguments& arguments) {
  config::Tree tree = config::load_tree(arguments.config, arguments.overrides);
  if (arguments.out) config::set_text(tree, "out", *arguments.out, "--out");
  return tree;
}

void print_now(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

std::string config_help(const TrainArguments& arguments, const config::HelpOptions& options) {
  if (arguments.config.empty() && !arguments.overrides.empty())
    throw UsageError("--set", "changes a configuration, and there is no --config", arguments.overrides.front(),
                     "give one, or leave out --set for the help of all keys");
  if (arguments.config.empty()) return config::help(RunConfig{}, options);
  RunConfig config;
  config::read(config::load_tree(arguments.config, arguments.overrides), config);
  config::HelpOptions own = options;
  own.only_chosen = true;
  return config::help(config, own);
}

void check_config(const TrainArguments& arguments) {
  RunConfig config;
  config::read(tree_of(arguments), config);
}

ExitCode run_train_program(const TrainArguments& arguments) {
  const config::Tree tree = tree_of(arguments);
  RunConfig config;
  config::read(tree, config);
  if (arguments.print_config) {
    std::fputs(config::write_with_origins(config, tree).c_str(), stdout);
    return ExitCode::kDone;
  }
  if (!arguments.dry_run && arguments.profile == 0) outlive_readers_of_the_log();
  const LaunchEnv env = read_launch_env();
  set_log_rank(env.rank, env.size);
  set_threads(config.train.threads, env);
  const c10::Device device = choose_device(config.train.device, env.local_rank);
  log_arithmetic(config.train, device, env);
  if (arguments.dry_run) {
    if (env.rank == 0) dry_run(config, std::max(env.size, arguments.num_ranks), device, print_now);
    return ExitCode::kDone;
  }
  const auto communicator = make_communicator(env, device, config.train.collective_timeout_s);
  require_same_config(config, *communicator);
  if (arguments.profile == 0) return train(config, parse_resume(arguments.resume), *communicator, device);
  const std::string report = profile(config, {.steps = arguments.profile, .trace = arguments.trace}, *communicator, device);
  if (communicator->is_main()) print_now(report);
  return ExitCode::kDone;
}

}  // namespace glid
