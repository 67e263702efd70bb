#include "glid/data/check_data.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>

#include "coco_folders.h"
#include "glid/config/read.h"
#include "glid/config/write.h"
#include "glid/core/files.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/pace.h"
#include "glid/core/parallel_for.h"
#include "glid/core/utf8.h"
#include "glid/formats/coco_errors.h"
#include "missing_split.h"

namespace glid {
namespace {

constexpr int64_t kSamplesAStatus = 100;

struct DataBlock {
  DataConfig data;

  template <class V>
  void fields(V& v) {
    v("data", data, "the dataset");
  }
};

void inspect_samples(const AnnotatedDataset& dataset, int64_t num_threads, Inspection& inspection) {
  std::vector<Inspection> of_threads(static_cast<size_t>(std::max<int64_t>(1, num_threads)),
                                     Inspection(dataset.vocabulary()));
  std::atomic<int64_t> done = 0;
  Pace pace("check", dataset.size());
  parallel_for(dataset.size(), num_threads, [&](int64_t id, int64_t worker) {
    Inspection& own = of_threads[static_cast<size_t>(worker)];
    own.begin(id);
    dataset.inspect(id, own);
    if (const int64_t count = ++done; count % kSamplesAStatus == 0) pace.show(count);
  });
  log_status("");
  for (Inspection& own : of_threads) inspection.merge(std::move(own));
}

CocoErrors errors_of(const auto&, Split) { return {}; }
CocoErrors errors_of(const CocoConfig& config, Split split) {
  return coco_errors(coco_annotations(config.root, split, config.kFile));
}
CocoErrors errors_of(const CocoPoseConfig& config, Split split) {
  return coco_errors(coco_annotations(config.root, split, config.kFile));
}
CocoErrors errors_of(const CocoPanoptic::Config& config, Split split) {
  return panoptic_errors(coco_annotations(config.root, split, CocoFile::kPanoptic));
}

// Of a split that is there: each bad record of the file where it is one that has records, and what else is wrong; otherwise
// the error alone.
SplitCheck unusable(const DataConfig& config, Split split, const std::string& error) {
  SplitCheck check{split, 0, {}, Inspection({})};
  const CocoErrors errors =
      std::visit([split](const auto& alternative) { return errors_of(alternative, split); }, config.dataset);
  for (const CocoRecordError& bad : errors.records)
    check.inspection.add_reason(Defect::kUnreadableAnnotation, bad.where, bad.reason);
  if (errors.records.empty() || !errors.end.empty())
    check.inspection.add_reason(Defect::kUnusable, root_of(config.dataset), errors.end.empty() ? error : errors.end);
  return check;
}

SplitCheck check_split(const DataConfig& config, Split split, int64_t num_threads) {
  std::shared_ptr<const AnnotatedDataset> dataset;
  try {
    dataset = open_images(config, split);
  } catch (const DataError& error) {
    if (has_split(config, split)) return unusable(config, split, error.what());
    SplitCheck check{split, 0, {}, Inspection({})};
    check.inspection.add_reason(Defect::kNoSplit, root_of(config.dataset), missing_split(split, error));
    return check;
  }
  SplitCheck check{split, dataset->size(), dataset->vocabulary(), Inspection(dataset->vocabulary())};
  dataset->inspect_list(check.inspection);
  inspect_samples(*dataset, num_threads, check.inspection);
  check.inspection.finish();
  return check;
}

// A run needs both: the one that isn't there is looked for all the same.
std::vector<Split> splits_of(const DataConfig& config) {
  std::vector<Split> splits{Split::kTrain};
  if (has_split(config, Split::kTrain) || has_split(config, Split::kVal)) splits.push_back(Split::kVal);
  return splits;
}

}  // namespace

int64_t DataCheck::num_wrong() const {
  int64_t count = 0;
  for (const SplitCheck& split : splits) count += split.inspection.num_wrong();
  return count;
}

int64_t DataCheck::num_legal() const {
  int64_t count = -num_wrong();
  for (const SplitCheck& split : splits) count += std::ssize(split.inspection.findings());
  return count;
}

DataCheck check_data(const DataConfig& config, std::optional<Split> split, int64_t num_threads) {
  DataCheck check{config, {}};
  for (const Split one : split ? std::vector<Split>{*split} : splits_of(config))
    check.splits.push_back(check_split(config, one, num_threads));
  return check;
}

DataConfig select_data(const DataSelection& selection) {
  DataBlock block;
  if (selection.config.empty() == selection.dataset.empty())
    throw UsageError("glid_data", "needs either --config or --dataset", {}, "--dataset NAME --root DIR");
  config::Tree tree = selection.config.empty() ? config::parse_tree("data: {}", "--dataset", selection.overrides)
                                               : config::load_tree(selection.config, selection.overrides);
  if (selection.dataset.empty())
    std::erase_if(tree.root.children, [](const config::Node& node) { return node.key != "data"; });
  else config::set_text(tree, "data.name", selection.dataset, "--dataset");
  if (!selection.root.empty()) config::set_text(tree, "data.root", selection.root, "--root");
  config::read(tree, block);
  return block.data;
}

std::string data_help() { return config::help(DataBlock{}); }

std::optional<Split> parse_split(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return config::parse_name<Split>("--split", name);
}

ExitCode run_check(const DataConfig& config, std::optional<Split> split, int64_t num_threads,
                   const std::filesystem::path& json) {
  require_file("--json", json);
  const DataCheck check = check_data(config, split, num_threads);
  write_output(json, check_json(check));
  std::fputs(to_utf8(check_text(check)).c_str(), stdout);
  return check.num_wrong() > 0 ? ExitCode::kData : ExitCode::kDone;
}

}  // namespace glid
