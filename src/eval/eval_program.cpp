#include "glid/eval/eval_program.h"

#include <cstdio>
#include <utility>

#include "glid/config/read.h"
#include "glid/config/write.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/utf8.h"
#include "glid/eval/comparison.h"
#include "glid/eval/evaluate_files.h"

namespace glid {
namespace {

struct EvalBlocks {
  FileEvalConfig eval;

  template <class V>
  void fields(V& v) {
    v("eval", eval, "settings of the evaluation");
  }
};

void require_given(const std::string& option, bool given) {
  if (!given) throw UsageError(option, "is missing", {}, "glid_eval --help lists the options");
}

EvalRequest make_request(const EvalArguments& arguments) {
  EvalRequest request;
  require_given("--task", !arguments.task.empty());
  require_given("--results", !arguments.results.empty());
  require_given("--annotations", !arguments.annotations.empty());
  request.results = arguments.results;
  request.annotations = arguments.annotations;
  request.results_dir = arguments.results_dir;
  request.annotations_dir = arguments.annotations_dir;
  request.plots = arguments.plots;
  request.bootstrap = arguments.bootstrap;
  config::Tree tree = config::parse_tree("{}", "--set", arguments.overrides);
  config::set_option(tree, "eval.metric", arguments.task, "--task");
  if (!arguments.protocol.empty()) config::set_option(tree, "eval.protocol", arguments.protocol, "--protocol");
  EvalBlocks blocks;
  config::read(tree, blocks);
  request.settings = blocks.eval;
  return request;
}

void write_where_asked(const std::filesystem::path& file, const std::string& content) {
  if (file.empty()) return;
  write_output(file, content);
  log_info("wrote {}", file.string());
}

template <config::NamedEnum Protocol>
void print_protocols(const char* tasks) {
  std::fputs(format("protocols of {}\n", tasks).c_str(), stdout);
  for (const auto& [protocol, name, meaning] : enum_names(Protocol{}))
    std::fputs(format("  {:<22}  {}\n", name, meaning).c_str(), stdout);
}

}  // namespace

void require_places(const std::filesystem::path& json, const std::filesystem::path& csv,
                    const std::filesystem::path& plots) {
  require_file("--json", json);
  require_file("--csv", csv);
  if (!json.empty()) require_apart("--csv", csv, {json});
  require_folder("--plots", plots);
  const auto folder_of = [](const std::filesystem::path& file) {
    return std::filesystem::absolute(file).lexically_normal().parent_path();
  };
  for (const auto& [option, file] : {std::pair{"--json", json}, std::pair{"--csv", csv}})
    if (!plots.empty() && !file.empty() && folder_of(file) == folder_of(plots / ""))
      throw UsageError(option, "lies in the folder of --plots, which pictures replace", file.string());
}

std::optional<ClassOrder> class_order(const std::string& per_class, std::string_view metric) {
  if (per_class.empty()) return std::nullopt;
  require_class_table(metric);
  return config::parse_name<ClassOrder>("--per-class", per_class);
}

void write_reports(const Report& report, const std::filesystem::path& json, const std::filesystem::path& csv,
                   std::optional<ClassOrder> per_class) {
  std::fputs(to_utf8(report_table(report)).c_str(), stdout);
  write_where_asked(json, report_json(report));
  write_where_asked(csv, report_csv(report));
  if (per_class) std::fputs(class_table(report, *per_class).c_str(), stdout);
}

ExitCode run_eval_program(const EvalArguments& arguments) {
  if (!arguments.compared.empty()) {
    std::fputs(comparison_table(arguments.compared.at(0), arguments.compared.at(1)).c_str(), stdout);
    return ExitCode::kDone;
  }
  require_places(arguments.json, arguments.csv, arguments.plots);
  const EvalRequest request = make_request(arguments);
  for (const auto& [option, place] : {std::pair{"--json", arguments.json}, std::pair{"--csv", arguments.csv}})
    require_apart(option, place, {request.results, request.annotations});
  for (const std::filesystem::path& read : {request.results, request.annotations})
    require_outside("--plots", arguments.plots, read);
  const std::optional<ClassOrder> per_class = class_order(arguments.per_class, config::name_of(request.settings.metric));
  evaluate_files(request, [&](const Report& report) { write_reports(report, arguments.json, arguments.csv, per_class); });
  return ExitCode::kDone;
}

std::string eval_help(const config::HelpOptions& options) { return config::help(EvalBlocks{}, options); }

ExitCode print_eval_help(const config::HelpOptions& options) {
  std::fputs(eval_help(options).c_str(), stdout);
  if (!options.prefix.empty()) return ExitCode::kDone;
  print_protocols<ApProtocol>("box, mask, keypoint");
  print_protocols<PanopticProtocol>("panoptic");
  print_protocols<MeanIouProtocol>("semantic");
  print_protocols<DepthProtocol>("depth");
  return ExitCode::kDone;
}

}  // namespace glid
