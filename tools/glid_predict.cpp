// What a model says of images: glid_predict --checkpoint runs/detection --input photos --out predictions
#include "command_line.h"
#include "glid/core/format.h"
#include "glid/core/temporaries.h"
#include "glid/train/prediction_program.h"
#include "glid/train/torch_environment.h"
#include "glid/train/train_program.h"

namespace {

void add_options(CLI::App& app, glid::PredictArguments& arguments, std::optional<int64_t>& threads) {
  const std::string usual_score = glid::format("{}", glid::kUsualScore);
  glid::path_option(app, "--checkpoint", arguments.checkpoint, "a run or a checkpoint folder")->required();
  app.add_option("--which", arguments.which, "best, last or a step of the run (default: the best, else the newest)");
  glid::path_option(app, "--input", arguments.input, "an image, a folder of images or a list of them (.txt)")->required();
  glid::path_option(app, "--annotations", arguments.annotations,
                    "a COCO file: the images that it lists are predicted, and have its ids");
  glid::path_option(app, "--out", arguments.out, "the folder to write")->required();
  glid::names_option(app, "--format", arguments.format, {"json", "official"},
                     "beside the pictures: json (predictions.json), or official (files for glid_eval --results)");
  app.add_option("--score", arguments.score, "detections of at least this score are drawn; files have all of them")
      ->check(glid::within(0, 1))
      ->default_str(usual_score);
  app.add_option("--batch", arguments.batch, "images a batch (default: as in a micro-batch of the run)")
      ->check(glid::positive());
  app.add_flag("--pictures,!--no-pictures", arguments.pictures, "draw what is predicted (default: yes)");
  app.add_flag("--depth-png", arguments.depth_png,
               "depth of the official format as PNG in the protocol's units, rounded, instead of .npy");
  glid::path_option(app, "--boxes", arguments.boxes, "of pose: where persons are, as COCO's results have it");
  glid::path_option(app, "--detector", arguments.detector, "of pose: a run of detection that finds persons");
  app.add_option("--box-score", arguments.box_score, "of pose: persons are looked for in boxes of at least this score")
      ->check(glid::within(0, 1))
      ->default_str(usual_score);
  app.add_option("--attention", arguments.attention,
                 "draw where a query looks: its number from 0, or top, the one that is surest of a class")
      ->type_name("QUERY");
  glid::path_option(app, "--config", arguments.config, "a configuration in the place of the checkpoint's");
  glid::set_option(app, arguments.overrides, "overrides a key of the configuration; repeatable");
  app.add_option("--threads", threads, "--set train.threads=N")->check(glid::positive(glid::kMaxThreads));
}

}  // namespace

int main(int argc, char** argv) {
  glid::PredictArguments arguments;
  std::optional<int64_t> threads;
  CLI::App app("Predicts: boxes, masks, maps, joints and pictures of images (docs/predict.md)", "glid_predict");
  glid::add_words(app, {.example = "glid_predict --checkpoint runs/detection --input photos --out predictions",
                        .environment = glid::torch_environment,
                        .keys = [] { return glid::config_help({}, {}); }});
  add_options(app, arguments, threads);
  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  glid::let_threads_sleep_on_a_busy_machine(argv);
  return glid::run_program("glid_predict", [&] {
    glid::remove_temporaries_on_signals();
    if (threads) arguments.overrides.push_back("train.threads=" + std::to_string(*threads));
    return glid::predict_images(arguments);
  });
}
