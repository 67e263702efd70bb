#include "glid/train/nonfinite_guard.h"

#include <utility>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "glid/core/log.h"
#include "glid/train/resume.h"

namespace glid {

NonfiniteGuard::NonfiniteGuard(std::filesystem::path run_folder, int64_t max_in_a_row, int rank)
    : folder_(std::move(run_folder) / "nonfinite"), max_in_a_row_(max_in_a_row), rank_(rank) {}

void NonfiniteGuard::watch(int64_t step, const at::Tensor& failed, const at::Tensor& lost,
                           const std::vector<Batch>& batches) {
  Update update{step, HostCopy(failed), HostCopy(lost), {}};
  for (const Batch& batch : batches)
    for (const BatchImage& image : batch.images) update.samples.push_back({image.key, image.name});
  settle();
  last_ = std::move(update);
}

void NonfiniteGuard::settle() {
  const std::optional<Update> update = std::exchange(last_, std::nullopt);
  if (!update) return;
  const bool failed = update->failed.value() != 0, lost = update->lost.value() != 0;
  if (failed || lost) dump_samples(*update);
  if (!failed) {
    counts_.in_a_row = 0;
    if (lost) log_warning("step {}: this rank's loss is not finite: update skipped, fp16's scale lowered", update->step);
    return;
  }
  ++counts_.skipped;
  ++counts_.in_a_row;
  log_warning("step {}: the gradient is not finite: update skipped ({} in all, {} in a row)", update->step, counts_.skipped,
              counts_.in_a_row);
  if (counts_.in_a_row >= max_in_a_row_)
    throw Error(ExitCode::kNumerical, format("step {}", update->step), "too many updates in a row were not finite",
                std::to_string(counts_.in_a_row),
                format("their samples are in {}; a lower optim.lr, or optim.clip, {}", folder_.string(),
                       new_run_hint(folder_.parent_path())));
}

void NonfiniteGuard::dump_samples(const Update& update) const {
  std::filesystem::create_directories(folder_);
  Json::Array samples;
  for (const auto& [key, name] : update.samples)
    samples.push_back(Json().set("id", key.id).set("epoch", key.epoch).set("name", name));
  write_file(folder_ / format("step_{:08}_rank_{}.json", update.step, rank_), Json(std::move(samples)).dump(2));
}

}  // namespace glid
