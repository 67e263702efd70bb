#include "glid/data/check_data.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <optional>

#include "coco_folders.h"
#include "glid/config/read.h"
#include "glid/config/write.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/pace.h"
#include "glid/core/parallel_for.h"
#include "glid/core/utf8.h"
#include "glid/data/shared_images.h"
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

using Opened = std::shared_ptr<const AnnotatedDataset>;

// A split, or what can be used of it.
struct OpenedSplit {
  Opened dataset;  // null: nothing
  CocoFileErrors errors;
};

template <class Content>
OpenedSplit with_errors(CocoErrors<Content> errors, auto open) {
  std::optional<Content> rest = std::move(errors.rest);
  OpenedSplit opened{.errors = std::move(errors)};
  if (!rest || opened.errors.records.empty()) return opened;
  try {
    opened.dataset = open(std::move(*rest));
  } catch (const DataError& error) {
    opened.errors.end = error.what();
  }
  return opened;
}

// Of files that have records, without the bad ones.
OpenedSplit open_rest(const auto&, Split) { return {}; }
OpenedSplit open_rest(const CocoPanoptic::Config& config, Split split) {
  return with_errors(panoptic_errors(coco_annotations(config.root, split, CocoFile::kPanoptic)), [&](PanopticJson rest) {
    return std::make_shared<const CocoPanoptic>(config, split, std::move(rest));
  });
}
template <class Config>
requires requires { Config::kFile; }
OpenedSplit open_rest(const Config& config, Split split) {
  return with_errors(coco_errors(coco_annotations(config.root, split, config.kFile)), [&](CocoIndex rest) {
    return std::make_shared<const Coco>(config.root, split, config.kFile, std::move(rest));
  });
}

// Of a split that is there and can't be opened as it is.
OpenedSplit open_damaged(const DataConfig& config, Split split, const std::string& error) {
  OpenedSplit opened =
      std::visit([split](const auto& alternative) { return open_rest(alternative, split); }, config.dataset);
  if (opened.errors.records.empty() && opened.errors.end.empty()) opened.errors.end = error;
  return opened;
}

void add_errors(const DataConfig& config, const CocoFileErrors& errors, Inspection& inspection) {
  for (const CocoRecordError& bad : errors.records)
    inspection.add_reason(Defect::kUnreadableAnnotation, bad.where, bad.reason);
  if (!errors.end.empty()) inspection.add_reason(Defect::kUnusable, root_of(config.dataset), errors.end);
}

SplitCheck without_samples(Split split) { return {split, 0, {}, Inspection({})}; }

SplitCheck check_split(const DataConfig& config, Split split, int64_t num_threads, Opened& dataset) {
  OpenedSplit opened;
  try {
    opened.dataset = open_images(config, split);
  } catch (const DataError& error) {
    if (!has_split(config, split)) {
      SplitCheck check = without_samples(split);
      check.inspection.add_reason(Defect::kNoSplit, root_of(config.dataset), missing_split(split, error));
      return check;
    }
    opened = open_damaged(config, split, error.what());
  }
  dataset = opened.dataset;
  SplitCheck check = without_samples(split);
  if (dataset) check = {split, dataset->size(), dataset->vocabulary(), Inspection(dataset->vocabulary())};
  add_errors(config, opened.errors, check.inspection);
  if (!dataset) return check;
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
  std::vector<Opened> opened;
  for (const Split one : split ? std::vector<Split>{*split} : splits_of(config))
    check.splits.push_back(check_split(config, one, num_threads, opened.emplace_back()));
  if (opened.size() < 2 || !opened[0] || !opened[1]) return check;
  if (const std::string shared = shared_images(*opened[0], *opened[1]); !shared.empty())
    check.splits[1].inspection.add_reason(Defect::kInBothSplits, root_of(config.dataset), shared);
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

Opened open_split(const DataConfig& config, std::optional<Split> split) {
  const Split asked = split.value_or(Split::kVal), other = asked == Split::kVal ? Split::kTrain : Split::kVal;
  try {
    return open_images(config, asked);
  } catch (const DataError& error) {
    if (has_split(config, asked) || !has_split(config, other)) throw;
    throw DataError(root_of(config.dataset), format("has no {}: {}", config::name_of(asked), error.what()), {},
                    format("--split {} is there", config::name_of(other)));
  }
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
