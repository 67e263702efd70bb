// What glid_eval --checkpoint becomes: evaluates a model.
#include "eval_options.h"
#include "glid/core/temporaries.h"
#include "glid/dist/launch.h"
#include "glid/train/torch_environment.h"

namespace {

void require_no_files(const glid::EvalArguments& files) {
  for (const auto& [option, value] :
       {std::pair{"--task", files.task}, std::pair{"--results", files.results.string()},
        std::pair{"--annotations", files.annotations.string()}, std::pair{"--results-dir", files.results_dir.string()},
        std::pair{"--annotations-dir", files.annotations_dir.string()}})
    if (!value.empty())
      throw glid::UsageError(option, "is about files, --checkpoint about a model", value, "give one of them");
}

}  // namespace

int main(int argc, char** argv) {
  glid::EvalOptions options;
  CLI::App app("Evaluates a checkpoint (docs/evaluation.md)", "glid_eval");
  glid::add_words(app, {.example = "glid_eval --checkpoint runs/detection", .environment = glid::torch_environment});
  glid::add_options(app, options);
  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  glid::let_threads_sleep_on_a_busy_machine(argv);
  return glid::run_program("glid_eval", [&] {
    require_no_files(options.files);
    if (options.nproc > 0)
      return static_cast<glid::ExitCode>(glid::launch_local(options.nproc, glid::without_nproc(argc, argv)));
    glid::remove_temporaries_on_signals();
    glid::ModelEvalArguments arguments = options.model;
    arguments.overrides = options.files.overrides;
    if (options.threads) arguments.overrides.push_back("train.threads=" + std::to_string(*options.threads));
    arguments.protocol = options.files.protocol;
    arguments.json = options.files.json;
    arguments.csv = options.files.csv;
    arguments.plots = options.files.plots;
    arguments.bootstrap = options.files.bootstrap;
    arguments.per_class = options.files.per_class;
    return glid::evaluate_checkpoint(arguments);
  });
}
