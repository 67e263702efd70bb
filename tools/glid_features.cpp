// Writes features of images: glid_features --checkpoint runs/demo --input DIR --out O.safetensors
#include "feature_options.h"
#include "glid/train/torch_environment.h"

int main(int argc, char** argv) {
  glid::FeaturesArguments arguments;
  CLI::App app("Writes features of images: stage maps, their means, or the decoder's [CLS] (docs/features.md)",
               "glid_features");
  glid::add_words(app, "glid_features --checkpoint runs/swinb --input photos --out maps.safetensors",
                  glid::torch_environment);
  glid::add_options(app, arguments.features, "1,2,3,4");
  glid::path_option(app, "--input", arguments.input, "an image, a folder of images or a list of them (.txt)")->required();
  glid::path_option(app, "--out", arguments.output, "the .safetensors file to write")->required();
  app.add_option("--dtype", arguments.type, "numbers in the file: fp32, fp16 or bf16")->capture_default_str();
  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  glid::let_threads_sleep_on_a_busy_machine(argv);
  return glid::run_program("glid_features", [&] { return glid::write_features(arguments); });
}
