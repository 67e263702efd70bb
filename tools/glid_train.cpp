// Pre-trains or fine-tunes a model from one configuration file.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "command_line.h"
#include "glid/dist/launch.h"
#include "glid/train/torch_environment.h"
#include "glid/train/train_program.h"

int main(int argc, char** argv) {
  glid::TrainArguments arguments;
  int nproc = 0;
  std::optional<int64_t> threads;
  std::string help_prefix;
  CLI::App app("Pre-trains or fine-tunes a model (docs/pretraining.md, docs/finetuning.md)", "glid_train");
  glid::add_words(
      app, {.example = "glid_train --config configs/pretrain_swinb.yaml --set data.root=/data/imagenet --out runs/swinb",
            .environment = glid::torch_environment,
            .keys = [] { return glid::config_help({}, {}); }});
  glid::path_option(app, "--config", arguments.config, "the experiment (YAML)");
  glid::set_option(app, arguments.overrides, "overrides a key of the configuration; repeatable");
  glid::path_option(app, "--out", arguments.out, "run folder (default: the configuration's `out`)")
      ->take_last();  // what a refusal says to type comes behind what was typed
  app.add_option("--threads", threads, "threads of one operation on the CPU: --set train.threads=N")
      ->check(glid::positive(glid::kMaxThreads));
  glid::path_option(app, "--resume", arguments.resume,
                    "auto: go on with the run in the folder; none: the folder must be new; DIR")
      ->capture_default_str();
  app.add_option("--nproc", nproc, "start so many processes on this host")->check(glid::positive());
  CLI::Option* dry_run = app.add_flag("--dry-run", arguments.dry_run,
                                      "build everything, measure steps of one rank (of --nproc), write nothing");
  CLI::Option* profile =
      app.add_option("--profile", arguments.profile, "time each part of so many updates on the run's data, write no run")
          ->expected(0, 1)
          ->default_str("20")
          ->check(glid::within(1, 1000000))
          ->excludes(dry_run);
  glid::path_option(app, "--trace", arguments.trace, "file of --profile for chrome://tracing or Perfetto")->needs(profile);
  app.add_flag("--print-config", arguments.print_config, "print every key, its value and where that came from");
  const CLI::Option* help_config = glid::help_config_option(app, help_prefix, "");
  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  glid::let_threads_sleep_on_a_busy_machine(argv);
  return glid::run_program("glid_train", [&] {
    if (help_config->count() > 0) {
      std::fputs(glid::config_help(arguments, glid::help_options(help_prefix)).c_str(), stdout);
      return glid::ExitCode::kDone;
    }
    if (arguments.config.empty())
      throw glid::UsageError("--config", "is missing", "", "glid_train --help lists the options");
    if (arguments.dry_run) {
      arguments.num_ranks = std::max(nproc, 1);
    } else if (nproc > 0 && !arguments.print_config) {
      glid::check_config(arguments);
      return static_cast<glid::ExitCode>(glid::launch_local(nproc, glid::without_nproc(argc, argv)));
    }
    if (threads) arguments.overrides.push_back("train.threads=" + std::to_string(*threads));
    return glid::run_train_program(arguments);
  });
}
