// Says what features are worth: glid_probe --checkpoint runs/demo --data ROOT --linear
#include "feature_options.h"
#include "glid/train/torch_environment.h"

int main(int argc, char** argv) {
  glid::ProbeArguments arguments;
  CLI::App app("Nearest neighbours and a linear probe on images in folders of classes (docs/features.md)", "glid_probe");
  glid::add_words(app, {.example = "glid_probe --checkpoint runs/swinb --data /data/imagenet --linear",
                        .environment = glid::torch_environment});
  glid::add_options(app, arguments.features, "4, the last");
  glid::path_option(app, "--data", arguments.data,
                    "ROOT/train/CLASS/*.jpg and ROOT/val/CLASS/*.jpg; without val a tenth of train")
      ->required();
  app.add_option("--knn", arguments.neighbours, "neighbours that vote")->capture_default_str()->check(glid::positive());
  app.add_flag("--linear", arguments.linear, "a linear probe too: logistic regression");
  app.add_flag("!--no-random", arguments.random, "leave out features of random weights, which take as long as the model's");
  glid::path_option(app, "--json", arguments.json, "file for all numbers at full precision");
  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  glid::let_threads_sleep_on_a_busy_machine(argv);
  return glid::run_program("glid_probe", [&] { return glid::run_probe(arguments); });
}
