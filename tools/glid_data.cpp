// glid_data: makes data sets.
#include "command_line.h"
#include "glid/data/make_demo.h"

int main(int argc, char** argv) {
  CLI::App app("Makes data sets for GLID", "glid_data");
  app.require_subcommand(1);

  glid::DemoOptions demo;
  CLI::App* make_demo = app.add_subcommand("make-demo", "Generates scenes as JPEG files in ImageNet's layout");
  make_demo->add_option("--out", demo.out, "folder to make")->required();
  make_demo->add_option("--count", demo.count, "training images; a tenth as many validation images on top")
      ->capture_default_str();
  make_demo->add_option("--size", demo.size_px, "side of an image in pixels")->capture_default_str();
  make_demo->add_option("--seed", demo.seed, "of the scenes")->capture_default_str();

  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  return glid::run_program("glid_data", [&] {
    glid::make_demo(demo);
    return glid::ExitCode::kDone;
  });
}
