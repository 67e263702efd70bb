#include "choose_checkpoint.h"

#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

ChosenCheckpoint chosen(Checkpoint checkpoint, std::string why) {
  RunState state = read_state(checkpoint.state, (checkpoint.folder / "state.json").string());
  return {std::move(checkpoint), std::move(state), std::move(why)};
}

constexpr const char* kTakeTheNewest = "--which last takes the newest";

ChosenCheckpoint open_best(const fs::path& run, const RunState::Best& best) {
  try {
    return chosen(checkpoint_of_step(run, best.step), format("best by {}", best.name));
  } catch (const DataError& error) {
    throw DataError(run.string(), format("can't give its best checkpoint: {}", error.what()), {}, kTakeTheNewest);
  }
}

ChosenCheckpoint best_of(const fs::path& run, ChosenCheckpoint newest, bool is_asked_for) {
  const RunState::Best& best = newest.state.best;
  if (best.step >= 0) return open_best(run, best);
  if (is_asked_for)
    throw DataError(run.string(), format("has no best checkpoint: no validation has measured {} yet", best.name),
                    "--which best", kTakeTheNewest);
  newest.why = "the newest, as none is best yet";
  return newest;
}

int64_t step_of(const std::string& which) {
  if (which.empty() || which.size() > 18 || which.find_first_not_of("0123456789") != std::string::npos)
    throw UsageError("--which", "must be best, last or a step", which);
  return std::stoll(which);
}

}  // namespace

ChosenCheckpoint choose_checkpoint(const fs::path& path, const std::string& which) {
  if (!fs::exists(path)) throw DataError(path.string(), "does not exist");
  if (fs::exists(path / "state.json")) {
    if (!which.empty())
      throw UsageError("--which", "chooses among the checkpoints of a run, but this is one", path.string());
    return chosen(open_checkpoint(path), "as given");
  }
  ChosenCheckpoint newest = chosen(find_checkpoint(path), "the newest");
  if (which == "last") return newest;
  if (which.empty() || which == "best") return best_of(path, std::move(newest), !which.empty());
  return chosen(checkpoint_of_step(path, step_of(which)), "as given");
}

std::string stem_of_weights(const Checkpoint& checkpoint, EvalWeights weights, const std::string& option) {
  if (weights == EvalWeights::kRaw) return "model";
  if (!fs::exists(checkpoint.folder / "ema.safetensors"))
    throw UsageError(option, "is ema, but the run kept no averages", checkpoint.folder.string(), "use raw");
  return "ema";
}

}  // namespace glid
