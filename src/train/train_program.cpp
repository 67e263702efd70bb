#include "glid/train/train_program.h"

#include <cstdio>

#include "glid/config/read.h"
#include "glid/config/tree.h"
#include "glid/config/write.h"
#include "glid/core/log.h"
#include "glid/train/device.h"
#include "glid/train/dry_run.h"
#include "glid/train/loop.h"

namespace glid {
namespace {

Resume parse_resume(const std::string& text) {
  if (text == "auto") return {Resume::Mode::kAuto, {}};
  if (text == "none") return {Resume::Mode::kNone, {}};
  return {Resume::Mode::kFrom, text};
}

}  // namespace

std::string config_help() { return config::help(RunConfig{}); }

ExitCode run_train_program(const TrainArguments& arguments) {
  const config::Tree tree = config::load_tree(arguments.config, arguments.overrides);
  RunConfig config;
  config::read(tree, config);
  if (!arguments.out.empty()) config.out = arguments.out;
  if (arguments.print_config) {
    std::fputs(config::write_with_origins(config, tree).c_str(), stdout);
    return ExitCode::kDone;
  }
  const LaunchEnv env = read_launch_env();
  set_log_rank(env.rank, env.size);
  set_threads(config.train);
  const c10::Device device = choose_device(config.train.device, env.local_rank);
  const auto communicator = make_communicator(env, device, config.train.collective_timeout_s);
  if (!arguments.dry_run) return train(config, parse_resume(arguments.resume), *communicator, device);
  const std::string report = dry_run(config, *communicator, device);
  if (communicator->is_main()) std::fputs(report.c_str(), stdout);
  return ExitCode::kDone;
}

}  // namespace glid
