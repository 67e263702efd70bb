#include "glid/train/feature_programs.h"

#include <ATen/ATen.h>

#include <cstdio>

#include "feature_source.h"
#include "glid/core/counted.h"
#include "glid/core/environment.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/temporaries.h"
#include "glid/data/image_list.h"
#include "glid/eval/features.h"
#include "glid/eval/neighbours.h"
#include "glid/eval/probe.h"
#include "glid/formats/image_file.h"
#include "glid/formats/tensor_file.h"
#include "glid/model/file_tensors.h"
#include "glid/train/threads.h"

namespace glid {
namespace {

const std::vector<int64_t> kAllStages{1, 2, 3, 4}, kLastStage{4};
constexpr int64_t kSheetRows = 8, kSheetNeighbours = 5;

void begin(const FeatureArguments& arguments) {
  remove_temporaries_on_signals();
  set_threads(arguments.threads, LaunchEnv{});
  log_info("{}, cpu, fp32", threads_text(arguments.threads, LaunchEnv{}));
}

std::string program_text(const char* name) { return glid::format("{} {}", name, version_text()); }

std::string text_of(const FeatureSource& source) {
  const FeatureOptions& options = source.options;
  return glid::format("images of {} px ({}), transform {}, {}, pool {}", options.size_px, source.why_size,
                      config::name_of(options.transform), fmt::join(options.names(), " "), config::name_of(options.pool));
}

void require_neighbours(const FeaturesArguments& arguments) {
  const auto& [features, input, output, type, sheet] = arguments;
  if (sheet.empty()) return;
  require_file("--neighbours", sheet);
  require_apart("--neighbours", sheet, {output});
  require_outside("--neighbours", sheet, input);
  if (!has_extension(sheet, kWrittenExtensions)) throw UsageError("--neighbours", "must end in .png, .jpg or .jpeg", sheet);
  if (features.pool == "none" || (features.pool == "mean" && features.stages.size() != 1))
    throw UsageError("--neighbours", "compares one vector an image", {}, "--pool mean --stages 4, or --pool cls");
  if (list_images(input).images.size() < 2) throw UsageError("--neighbours", "needs two images or more", input.string());
}

// From the file that was written.
void draw_neighbours(const FeaturesArguments& arguments, const std::vector<NamedImage>& images) {
  const TensorFile file(arguments.output);
  std::vector<at::Tensor> rows;
  for (const std::string& name : file.names()) rows.push_back(as_tensor(*file.find(name)).to(at::kFloat));
  const Image sheet = neighbour_sheet({images, at::stack(rows)}, kSheetRows, kSheetNeighbours);
  FoldersAbove above(arguments.neighbours);
  write_image(arguments.neighbours, sheet);
  above.keep();
  log_info("wrote {}: images and those nearest to them", arguments.neighbours.string());
}

}  // namespace

ExitCode write_features(const FeaturesArguments& arguments) {
  require_file("--out", arguments.output);
  require_neighbours(arguments);
  begin(arguments.features);
  FeatureSource source = open_feature_source(arguments.features, kAllStages);
  const auto type = config::parse_name<FeatureType>("--dtype", arguments.type);
  FeaturesRequest request{.type = type, .input = arguments.input, .output = arguments.output};
  require_apart(request, source.weights);
  const auto net = load_net(source, arguments.features);
  request.options = source.options;
  request.metadata = description_of(source, *net);
  request.metadata["program"] = program_text("glid_features");
  log_info("{}, {}", text_of(source), arguments.type);
  const auto [images, bad_files, written] = extract_features(*net, request);
  log_info("wrote {}: {}{}", request.output.string(), counted(images, "image"),
           bad_files > 0 ? format("; left out: {}", counted(bad_files, "file") + " that can't be read") : "");
  if (!arguments.neighbours.empty()) draw_neighbours(arguments, written);
  return ExitCode::kDone;
}

ExitCode run_probe(const ProbeArguments& arguments) {
  require_file("--json", arguments.json);
  if (arguments.features.pool == "none") throw UsageError("--pool", "must give one vector an image", "none", "mean or cls");
  begin(arguments.features);
  FeatureSource source = open_feature_source(arguments.features, kLastStage);
  const auto net = load_net(source, arguments.features);
  log_info("{}", text_of(source));
  const ProbeReport report =
      probe(*net, source.options, arguments.data,
            {.knn = {.neighbours = arguments.neighbours}, .linear = arguments.linear, .random = arguments.random});
  std::fputs(probe_table(report).c_str(), stdout);
  if (arguments.json.empty()) return ExitCode::kDone;
  Json json = Json::object().set("program", program_text("glid_probe"));
  for (const auto& [name, value] : description_of(source, *net)) json.set(name, value);
  json.set("data", arguments.data.string()).set("image_size", source.options.size_px);
  json.set("transform", config::name_of(source.options.transform)).set("pool", config::name_of(source.options.pool));
  json.set("features", glid::format("{}", fmt::join(source.options.names(), ",")));
  write_output(arguments.json, json.set("probe", probe_json(report)).dump(2) + "\n");
  log_info("wrote {}", arguments.json.string());
  return ExitCode::kDone;
}

}  // namespace glid
