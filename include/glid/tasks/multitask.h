// Several tasks with one model and one data set (paper Table 3): only the heads are each task's own.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "glid/config/fields.h"
#include "glid/tasks/instance.h"
#include "glid/tasks/panoptic.h"
#include "glid/tasks/semantic.h"
#include "glid/tasks/task.h"
#include "glid/tasks/viewer.h"

namespace glid {

enum class QueryTable { kShared, kOwn };
constexpr auto enum_names(QueryTable) {
  return std::to_array<config::Named<QueryTable>>(
      {{QueryTable::kShared, "shared", "one table of learned queries, of which a task reads as many as it has"},
       {QueryTable::kOwn, "own", "every task has rows of its own"}});
}

struct MultitaskConfig {
  static constexpr std::string_view kName = "multitask";
  static constexpr auto kMetrics = std::to_array<std::string_view>({MultitaskSettings::kName});
  std::vector<std::string> tasks{"semantic", "instance", "panoptic"};
  QueryTable query_table = QueryTable::kShared;
  SemanticConfig semantic;
  InstanceMasksConfig instance;
  PanopticMasksConfig panoptic;

  template <class V>
  void fields(V& v) {
    v("tasks", tasks, "that are trained, two or three", config::one_of({"semantic", "instance", "panoptic"}));
    v("query_table", query_table, "whose the learned queries are");
    v("semantic", semantic, "as task.name: semantic");
    v("instance", instance, "as task.name: instance");
    v("panoptic", panoptic, "as task.name: panoptic");
  }
  // Of those that are trained, in their order.
  using Part = std::variant<SemanticConfig, InstanceMasksConfig, PanopticMasksConfig>;
  std::vector<Part> parts() const;
  void check(config::Problems& problems) const;
  void check_metric(const MetricSettings& metric, config::Problems& problems) const;
};

// In training, position p of the global batch in step s serves task (p + s) mod T; otherwise every picture serves all. The
// encoder sees all pictures at once, the decoder those of one task after another. A task's losses are divided by its own
// counts and weigh as much as its share of the pictures; their names, and those of heads and counts, begin with its name.
class Multitask : public Task {
 public:
  struct Part {
    std::string name;
    std::unique_ptr<Task> task;
  };
  // Our own mistake (TORCH_CHECK) if the tasks start their queries in different ways.
  Multitask(std::vector<Part> parts, QueryTable table, const TaskContext& context);

  TaskSpec spec() const override;
  // Samples that all tasks want.
  std::function<bool(const Targets&)> filter() const override;
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;
  LossCounts counts(const Batch& batch) const override;
  Question ask(Batch batch, bool training) const override;
  Losses losses(std::span<const Answer> answers, const Question& question) const override;
  std::vector<Prediction> predict(const AnsweredBatch& answered) const override;
  std::vector<std::vector<Image>> pictures(std::span<const Answer> answers, const Question& question) const override;
  std::vector<std::string> picture_titles() const override;

 private:
  std::vector<PreparedImage> prepare_all(const Sample& sample, const SampleKey& key, const BatchPosition& position) const;
  // The pictures that task t is about, and their batch as that task knows it.
  ImageRange range_of(const Batch& batch, int64_t t) const;
  Batch batch_of(const Batch& batch, int64_t t) const;
  std::vector<Answer> answers_of(std::span<const Answer> answers, const Question& question, int64_t t) const;
  int64_t first_row(int64_t t) const;  // of its queries in the table

  std::vector<Part> parts_;
  std::vector<TaskSpec> specs_;
  QueryTable table_;
  Viewer viewer_;
};

}  // namespace glid
