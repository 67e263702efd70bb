// Average precision of boxes, as pycocotools computes it: evaluate_results RESULTS.json ANNOTATIONS.json
#include <cstdio>

#include "glid/evaluation.h"

int main(int argc, char** argv) {
  return glid::run_program("evaluate_results", [&] {
    if (argc != 3) throw glid::UsageError("evaluate_results", "wants two files", "", "evaluate_results RESULTS ANNOTATIONS");
    const glid::Report report = glid::evaluate_files(
        {.settings = {.metric = glid::BoxSettings()}, .results = argv[1], .annotations = argv[2]});
    for (const auto& [name, value] : report.metrics) std::printf("%-6s %.4f\n", name.c_str(), value.value_or(-1));
    return glid::ExitCode::kDone;
  });
}
