// Evaluates result files, or a model: glid_eval --results FILE|DIR --annotations FILE|DIR --task
// box|mask|keypoint|panoptic|semantic|depth, or glid_eval --checkpoint RUN|DIR
#include <unistd.h>

#include <filesystem>
#include <string>

#include "eval_options.h"
#include "glid/core/temporaries.h"

namespace {

// A model is evaluated by a program of its own, so that files don't wait for LibTorch.
[[noreturn]] void become_model_program(char** argv) {
  const std::filesystem::path program = std::filesystem::canonical("/proc/self/exe").parent_path() / "glid_eval_model";
  ::execv(program.c_str(), argv);
  throw glid::UsageError("--checkpoint", "needs a build with LibTorch: its program is not beside this one",
                         program.string());
}

}  // namespace

int main(int argc, char** argv) {
  glid::EvalOptions options;
  CLI::App app("Evaluates result files of any model, or a checkpoint, with the official metrics (docs/evaluation.md)",
               "glid_eval");
  glid::add_words(app, {.example = "glid_eval --task box --results dets.json --annotations instances_val2017.json\n  "
                                   "glid_eval --checkpoint runs/detection",
                        .keys = [] { return glid::eval_help({}); }});
  glid::add_options(app, options);
  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  return glid::run_program("glid_eval", [&] {
    if (options.help_config->count() > 0) return glid::print_eval_help(glid::help_options(options.help_prefix));
    if (!options.model.checkpoint.empty()) become_model_program(argv);
    glid::remove_temporaries_on_signals();
    if (options.threads) options.files.overrides.push_back("eval.threads=" + std::to_string(*options.threads));
    return glid::run_eval_program(options.files);
  });
}
