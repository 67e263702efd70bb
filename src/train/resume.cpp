#include "glid/train/resume.h"

#include <algorithm>
#include <set>

#include "glid/config/read.h"
#include "glid/config/tree.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/core/log.h"
#include "glid/core/shell.h"
#include "glid/formats/safetensors.h"
#include "glid/model/parts.h"
#include "glid/train/run_lock.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// More than a lock, which a run that was killed at once may leave.
bool has_content(const fs::path& folder) {
  if (!fs::is_directory(folder)) return fs::exists(folder);
  return std::ranges::any_of(fs::directory_iterator(folder),
                             [](const fs::directory_entry& entry) { return entry.path().filename() != RunLock::kFile; });
}

// The parts that a checkpoint has weights of, in the order of kModelParts.
std::vector<std::string> parts_in(const Checkpoint& checkpoint) {
  const SafetensorsFile file(checkpoint.folder / "model.safetensors");
  std::set<std::string_view> found;
  for (const std::string& name : file.names()) found.insert(part_of_parameter(name));
  std::vector<std::string> parts;
  for (const std::string_view part : kModelParts)
    if (found.contains(part)) parts.emplace_back(part);
  return parts;
}

// The parts whose shapes, or what they stand for, may be others after a change ("task.queries: 4 -> 5"): those of the first
// beginning that it has.
std::set<std::string_view> parts_touched(const std::string& change) {
  static const std::vector<std::pair<std::string_view, std::set<std::string_view>>> kTouched{
      {"model.encoder.window", {}},
      {"model.encoder.drop_path", {}},
      {"model.encoder.", {"encoder", "bifpn", "unit_decoder", "heads"}},
      {"model.bifpn.", {"bifpn", "decoder"}},
      {"model.decoder.", {"decoder", "queries", "heads"}},
      {"task.", {"unit_decoder", "queries", "heads"}},
      {"data.fraction", {}},
      {"data.image_size", {}},
      {"data.", {"heads"}}};
  for (const auto& [beginning, parts] : kTouched)
    if (change.starts_with(beginning)) return parts;
  return {};
}

// False when the best model so far can't be compared with those to come.
bool require_same_run(const fs::path& old_run, const RunConfig& old_config, const RunConfig& config) {
  const ConfigChanges changes = compare_configs(old_config, config);
  if (!changes.refused.empty()) {
    std::set<std::string_view> touched;
    for (const std::string& change : changes.refused) touched.merge(parts_touched(change));
    throw UsageError(old_run.string(), "is of a run that differs", join(changes.refused, ", "),
                     "other values " + new_run_hint(old_run, touched));
  }
  for (const std::string& change : changes.warned)
    log_rank_zero_warning("{} differs from the run so far: bits may differ", change);
  for (const std::string& change : changes.measure)
    log_rank_zero_warning("{}: the best checkpoint so far counts no more", change);
  return changes.measure.empty();
}

RunConfig read_config(const fs::path& file) {
  RunConfig config;
  config::read(config::load_tree(file), config);
  return config;
}

// The format first: a configuration of another time may have keys that are no more.
Start opened(Checkpoint checkpoint) {
  RunState state = read_state(checkpoint.state, (checkpoint.folder / "state.json").string());
  RunConfig config = read_config(checkpoint.folder / "config.yaml");
  return {std::move(checkpoint), std::move(state), std::move(config)};
}

std::optional<Start> go_on_in(const fs::path& out, const RunConfig& config) {
  std::optional<Start> start;
  if (std::optional<Checkpoint> newest = newest_checkpoint(out)) start = opened(*newest);
  if (!start) {
    if (!fs::exists(out / "config.yaml")) return std::nullopt;
    require_same_run(out, read_config(out / "config.yaml"), config);
    log_info("{}: the run there has no checkpoint yet: starting at step 0", out.string());
    return std::nullopt;
  }
  if (!fs::exists(out / "config.yaml"))
    log_rank_zero_warning("{}: has no config.yaml: its newest checkpoint says what the run is", out.string());
  start->best_counts = require_same_run(out, start->config, config);
  log_info("{}: going on at step {} from {}", out.string(), start->state.step, start->checkpoint.folder.filename().string());
  return start;
}

Start start_from(const fs::path& from, const RunConfig& config) {
  Start start = opened(find_checkpoint(from));
  start.best_counts = require_same_run(start.checkpoint.folder, start.config, config);
  const std::optional<Checkpoint> newest = newest_checkpoint(config.out);
  if (newest && newest->step() > start.state.step)
    throw UsageError(config.out, "has a newer checkpoint than --resume", newest->folder.filename().string(),
                     "choose another --out");
  const std::optional<int64_t> total = config.train.steps;
  if (total && start.state.step >= *total)
    throw UsageError(start.checkpoint.folder.string(), "has no steps left",
                     format("step {} of {}", start.state.step, *total),
                     "raise train.steps, or start a new run from its weights with init.from");
  log_info("going on at step {} from {}", start.state.step, start.checkpoint.folder.string());
  return start;
}

}  // namespace

std::optional<Start> choose_start(const RunConfig& config, const Resume& resume) {
  if (resume.mode == Resume::Mode::kFrom) return start_from(resume.from, config);
  if (resume.mode == Resume::Mode::kAuto) return go_on_in(config.out, config);
  if (has_content(config.out))
    throw UsageError(config.out, "is not empty and --resume is none", "", "choose another --out, or --resume auto");
  return std::nullopt;
}

void require_same_start(const std::optional<Start>& start, const RunConfig& config, Communicator& communicator) {
  const std::string own = start ? format("step {}", start->state.step) : "no checkpoint";
  const std::vector<std::string> all = communicator.all_gather_bytes(own, "where the ranks start");
  for (size_t rank = 1; rank < all.size(); ++rank)
    if (all[rank] != all[0])
      throw UsageError(config.out, "looks different to the ranks",
                       format("rank 0: {}, rank {}: {}", all[0], rank, all[rank]), "give all ranks one shared folder");
}

void compare_with(const Start& start, const RunState& state) {
  const RunState& old = start.state;
  const std::string where = start.checkpoint.folder.string();
  const std::set<std::string_view> other_classes =
      old.vocabulary == state.vocabulary ? std::set<std::string_view>{} : std::set<std::string_view>{"heads"};
  if (old.dataset.names != state.dataset.names || old.dataset.images != state.dataset.images)
    throw UsageError(where, "was written with other data: the names of its files differ",
                     format("{} images there, {} now", old.dataset.images, state.dataset.images),
                     "other data " + new_run_hint(start.checkpoint.folder, other_classes));
  if (old.dataset.sizes != state.dataset.sizes)
    log_warning("the files of the data have other sizes than when {} was written: what is trained on may differ", where);
  const auto warn = [](const char* what, int64_t before, int64_t now) {
    if (before != now) log_warning("{}: {} -> {}: bits may differ", what, before, now);
  };
  warn("ranks", old.ranks, state.ranks);
  warn("threads", old.threads, state.threads);
}

std::string new_run_hint(const fs::path& run_or_checkpoint, const std::set<std::string_view>& without) {
  const std::string alone = "make a new run: --out NEW";
  try {
    const bool is_checkpoint = fs::exists(run_or_checkpoint / "state.json");
    const std::optional<Checkpoint> newest =
        is_checkpoint ? open_checkpoint(run_or_checkpoint) : newest_checkpoint(run_or_checkpoint);
    if (!newest) return alone;
    std::vector<std::string> parts = parts_in(*newest);
    std::erase_if(parts, [&](const std::string& part) { return without.contains(part); });
    if (parts.empty()) return alone;
    return alone + " " +
           shell_line({"--set", format("init.from={}", run_or_checkpoint.string()), "--set",
                       format("init.parts=[{}]", join(parts, ","))});
  } catch (const std::exception&) {  // what is being reported counts more than a checkpoint that can't be read just now
    return alone;
  }
}

}  // namespace glid
