#include "glid/train/resume.h"

#include <algorithm>

#include "glid/config/read.h"
#include "glid/config/tree.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
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

// False when the best model so far can't be compared with those to come.
bool require_same_run(const fs::path& old_config_file, const RunConfig& config) {
  RunConfig old_config;
  config::read(config::load_tree(old_config_file), old_config);
  const ConfigChanges changes = compare_configs(old_config, config);
  if (!changes.refused.empty()) {
    std::string list;
    for (const std::string& change : changes.refused) list += (list.empty() ? "" : ", ") + change;
    throw UsageError(old_config_file.string(), "is of a run that differs", list, "choose another --out for a new run");
  }
  for (const std::string& change : changes.warned)
    log_rank_zero_warning("{} differs from the run so far: bits may differ", change);
  for (const std::string& change : changes.measure)
    log_rank_zero_warning("{}: the best checkpoint so far counts no more", change);
  return changes.measure.empty();
}

// The format first: a configuration of another time may have keys that are no more.
Start opened(Checkpoint checkpoint) {
  RunState state = read_state(checkpoint.state, (checkpoint.folder / "state.json").string());
  return {std::move(checkpoint), std::move(state)};
}

std::optional<Start> go_on_in(const fs::path& out, const RunConfig& config) {
  if (!fs::exists(out / "config.yaml")) return std::nullopt;
  std::optional<Start> start;
  if (std::optional<Checkpoint> newest = newest_checkpoint(out)) start = opened(*newest);
  const bool best_counts = require_same_run(out / "config.yaml", config);
  if (!start) {
    log_info("{}: the run there has no checkpoint yet: starting at step 0", out.string());
    return start;
  }
  start->best_counts = best_counts;
  log_info("{}: going on at step {} from {}", out.string(), start->state.step, start->checkpoint.folder.filename().string());
  return start;
}

Start start_from(const fs::path& from, const RunConfig& config) {
  Start start = opened(find_checkpoint(from));
  start.best_counts = require_same_run(start.checkpoint.folder / "config.yaml", config);
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
  const auto text = [](const RunState::Dataset& d) { return format("{} images, fingerprint {}", d.images, d.fingerprint); };
  if (old.dataset != state.dataset)
    throw UsageError(start.checkpoint.folder.string(), "was written with other data", text(old.dataset),
                     "now it is " + text(state.dataset));
  const auto warn = [](const char* what, int64_t before, int64_t now) {
    if (before != now) log_warning("{}: {} -> {}: bits may differ", what, before, now);
  };
  warn("ranks", old.ranks, state.ranks);
  warn("threads", old.threads, state.threads);
}

}  // namespace glid
