// Writes features of images: glid_features --checkpoint runs/demo --input DIR --out O.safetensors
#include "feature_options.h"
#include "glid/train/torch_environment.h"

int main(int argc, char** argv) {
  glid::FeaturesArguments arguments;
  CLI::App app("Writes features of images: stage maps, their means, or the decoder's [CLS] (docs/features.md)",
               "glid_features");
  glid::add_words(app, {.example = "glid_features --checkpoint runs/swinb --input photos --out maps.safetensors",
                        .environment = glid::torch_environment});
  glid::add_options(app, arguments.features, "1,2,3,4");
  glid::path_option(app, "--input", arguments.input, "an image, a folder of images or a list of them (.txt)")->required();
  glid::path_option(app, "--out", arguments.output, "the .safetensors file to write")->required();
  glid::names_option<glid::FeatureType>(app, "--dtype", arguments.type, "numbers in the file");
  glid::path_option(
      app, "--neighbours", arguments.neighbours,
      "a picture (.png, .jpg) of some images, each with those whose vectors are nearest: of one vector an image");
  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  glid::let_threads_sleep_on_a_busy_machine(argv);
  return glid::run_program("glid_features", [&] { return glid::write_features(arguments); });
}
