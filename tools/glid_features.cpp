// Writes the stage maps of images: glid_features --encoder F.pth --input DIR --size 224 --out O.safetensors
#include <cstdint>
#include <optional>
#include <string>

#include "command_line.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/temporaries.h"
#include "glid/eval/features.h"
#include "glid/train/threads.h"
#include "glid/train/weights_file.h"

int main(int argc, char** argv) {
  glid::FeaturesRequest request;
  std::string encoder, checkpoint;
  std::optional<int64_t> threads;
  CLI::App app("Writes the four stage maps of every image", "glid_features");
  app.add_option("--model", request.model, "size that the encoder must have: tiny, swint, swinb, swinl (default: any)");
  auto* source = app.add_option_group("weights")->require_option(1);
  glid::path_option(*source, "--encoder", encoder, "weights of a Swin, of any form and names in docs/weights.md");
  glid::path_option(*source, "--checkpoint", checkpoint, "a run or checkpoint folder");
  glid::path_option(app, "--input", request.input, "an image or a folder of images")->required();
  app.add_option("--size", request.size_px, "side in px, a multiple of the unit")->required()->check(CLI::PositiveNumber);
  glid::path_option(app, "--out", request.output, "the .safetensors file to write")->required();
  app.add_option("--max-bad-files", request.max_bad_files, "unreadable images of a folder that are left out, before it ends")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--strict", request.strict, "refuse weights with missing or unexpected tensors");
  app.add_option("--threads", threads, "threads of one operation on the CPU (default: those that are free)")
      ->check(CLI::PositiveNumber);
  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  glid::let_threads_sleep_on_a_busy_machine(argv);
  return glid::run_program("glid_features", [&] {
    glid::remove_temporaries_on_signals();
    glid::require_file("--out", request.output);
    glid::set_threads(threads, glid::LaunchEnv{});
    glid::log_info("{}, cpu, fp32", glid::threads_text(threads, glid::LaunchEnv{}));
    request.weights = glid::weights_file(encoder.empty() ? checkpoint : encoder);
    const auto [images, bad_files] = glid::extract_features(request);
    glid::log_info("{} images -> {}{}", images, request.output.string(),
                   bad_files > 0 ? glid::format("; {} that can't be read are left out", bad_files) : "");
    return glid::ExitCode::kDone;
  });
}
