// Weights in other names and files: glid_convert IN OUT [--to timm]; what is in a file: glid_convert --show FILE
#include <cstdio>
#include <string>

#include "command_line.h"
#include "glid/core/temporaries.h"
#include "glid/train/convert.h"
#include "glid/train/show_weights.h"
#include "glid/train/torch_environment.h"

namespace {

void add_options(CLI::App& app, glid::ConvertRequest& request, std::string& shown) {
  glid::path_option(app, "IN", request.input, "weights of any form and names in docs/weights.md, or a run");
  glid::path_option(app, "OUT", request.output, ".safetensors, .pth, .pt, .bin, or a folder's name");
  glid::names_option(app, "--to", request.to, {"glid", "official", "timm", "hf"}, "whose names");
  glid::names_option(app, "--dtype", request.dtype, {"fp32", "fp16", "bf16"}, "of the numbers");
  app.add_option("--window", request.window,
                 "as model.encoder.window: what bias tables are resized to (12 or [12,12,12,6])");
  app.add_option("--which", request.which, "best, last or a step of the run (default: the best, else the newest)");
  glid::names_option(app, "--weights", request.weights, {"raw", "ema"}, "of a run (default: its eval.weights)");
  app.add_flag("--strict", request.strict, "refuse weights with missing or unexpected tensors");
  glid::exclude_others(app, glid::path_option(app, "--show", shown, "says what is in a file, a run or a checkpoint"));
}

}  // namespace

int main(int argc, char** argv) {
  glid::ConvertRequest request;
  std::string shown;
  CLI::App app("Writes weights in the names and files of other programs (docs/weights.md)", "glid_convert");
  glid::add_words(
      app, {.example = "glid_convert runs/swinb model.safetensors --to timm", .environment = glid::torch_environment});
  add_options(app, request, shown);
  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  return glid::run_program("glid_convert", [&] {
    if (!shown.empty()) {
      std::fputs(glid::weights_text(shown).c_str(), stdout);
      return glid::ExitCode::kDone;
    }
    if (request.input.empty() || request.output.empty())
      throw glid::UsageError("glid_convert", "wants two names: IN and OUT", {}, "--show FILE says what is in one");
    glid::remove_temporaries_on_signals();
    glid::convert_weights(request);
    return glid::ExitCode::kDone;
  });
}
