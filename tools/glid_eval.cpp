// Evaluates result files: glid_eval --results FILE|DIR --annotations FILE|DIR --task
// box|mask|keypoint|panoptic|semantic|depth
#include <string>
#include <vector>

#include "command_line.h"
#include "glid/eval/eval_program.h"

int main(int argc, char** argv) {
  glid::EvalArguments arguments;
  bool help_config = false;
  CLI::App app("Evaluates result files of any model with the official metrics (docs/evaluation.md)", "glid_eval");
  app.add_option("--task", arguments.task, "box, mask, keypoint, panoptic, semantic or depth");
  app.add_option("--results", arguments.results, "COCO result file, panoptic JSON, or folder of PNG or .npy files");
  app.add_option("--annotations", arguments.annotations, "COCO file, panoptic JSON, or folder of PNG or .npy files");
  app.add_option("--results-dir", arguments.results_dir,
                 "panoptic: folder of the PNGs (default: the JSON's name without .json)");
  app.add_option("--annotations-dir", arguments.annotations_dir, "the same for the annotations");
  app.add_option("--protocol", arguments.protocol, "rules to count by (default: the task's official ones)");
  app.add_option("--set", arguments.overrides, "eval.key=value: a setting; repeatable")->expected(1)->take_all();
  app.add_option("--json", arguments.json, "file for all numbers at full precision");
  app.add_option("--csv", arguments.csv, "file for the table of classes (of images for depth)");
  app.add_option("--plots", arguments.plots, "folder for pictures");
  app.add_flag("--help-config", help_config, "print every setting with type, default and meaning");
  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  return glid::run_program("glid_eval",
                           [&] { return help_config ? glid::print_eval_help() : glid::run_eval_program(arguments); });
}
