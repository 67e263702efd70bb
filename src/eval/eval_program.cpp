#include "glid/eval/eval_program.h"

#include <cstdio>

#include "glid/config/read.h"
#include "glid/config/write.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/eval/evaluate_files.h"

namespace glid {
namespace {

struct EvalBlocks {
  EvalSettings eval;

  template <class V>
  void fields(V& v) {
    v("eval", eval, "settings of the evaluation");
  }
};

std::string join(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

EvalTask parse_task(const std::string& text) {
  std::vector<std::string_view> names;
  for (const auto& named : enum_names(EvalTask{})) {
    if (named.name == text) return named.value;
    names.push_back(named.name);
  }
  throw UsageError("--task", text.empty() ? "is missing" : "is not known", text, "tasks are " + join(names));
}

EvalRequest make_request(const EvalArguments& arguments) {
  EvalRequest request;
  request.task = parse_task(arguments.task);
  if (arguments.results.empty()) throw UsageError("--results", "is missing", {}, "glid_eval --help lists the options");
  if (arguments.annotations.empty())
    throw UsageError("--annotations", "is missing", {}, "glid_eval --help lists the options");
  request.results = arguments.results;
  request.annotations = arguments.annotations;
  request.results_dir = arguments.results_dir;
  request.annotations_dir = arguments.annotations_dir;
  request.protocol = arguments.protocol;
  request.plots = arguments.plots;
  EvalBlocks blocks;
  config::read(config::parse_tree("{}", "--set", arguments.overrides), blocks);
  request.config = blocks.eval;
  return request;
}

void write_where_asked(const std::filesystem::path& file, const std::string& content) {
  if (file.empty()) return;
  write_file(file, content);
  log_info("wrote {}", file.string());
}

}  // namespace

ExitCode run_eval_program(const EvalArguments& arguments) {
  const Report report = evaluate_files(make_request(arguments));
  std::fputs(report_table(report).c_str(), stdout);
  write_where_asked(arguments.json, report_json(report));
  write_where_asked(arguments.csv, report_csv(report));
  return ExitCode::kDone;
}

ExitCode print_eval_help() {
  std::fputs(config::help(EvalBlocks{}).c_str(), stdout);
  for (const auto& named : enum_names(EvalTask{}))
    std::fputs(format("protocols of {}: {}\n", named.name, join(protocols_of(named.value))).c_str(), stdout);
  return ExitCode::kDone;
}

}  // namespace glid
