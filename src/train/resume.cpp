#include "glid/train/resume.h"

#include "glid/config/read.h"
#include "glid/config/tree.h"
#include "glid/core/error.h"
#include "glid/core/log.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

bool has_content(const fs::path& folder) {
  return fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder));
}

void require_same_run(const fs::path& old_config_file, const RunConfig& config) {
  RunConfig old_config;
  config::read(config::load_tree(old_config_file), old_config);
  const ConfigChanges changes = compare_configs(old_config, config);
  if (!changes.refused.empty()) {
    std::string list;
    for (const std::string& change : changes.refused) list += (list.empty() ? "" : ", ") + change;
    throw UsageError(old_config_file.string(), "is of a run that differs", list, "choose another --out for a new run");
  }
  for (const std::string& change : changes.warned) log_warning("{} differs from the run so far: bits may differ", change);
}

std::optional<Checkpoint> go_on_in(const fs::path& out, const RunConfig& config) {
  if (!fs::exists(out / "config.yaml")) return std::nullopt;
  require_same_run(out / "config.yaml", config);
  std::optional<Checkpoint> checkpoint = newest_checkpoint(out);
  if (checkpoint)
    log_info("{}: going on at step {} from {}", out.string(), checkpoint->step(), checkpoint->folder.filename().string());
  else log_info("{}: the run there has no checkpoint yet: starting at step 0", out.string());
  return checkpoint;
}

Checkpoint start_from(const fs::path& from, const RunConfig& config) {
  Checkpoint checkpoint = find_checkpoint(from);
  require_same_run(checkpoint.folder / "config.yaml", config);
  const std::optional<Checkpoint> newest = newest_checkpoint(config.out);
  if (newest && newest->step() > checkpoint.step())
    throw UsageError(config.out, "has a newer checkpoint than --resume", newest->folder.filename().string(),
                     "choose another --out");
  log_info("going on at step {} from {}", checkpoint.step(), checkpoint.folder.string());
  return checkpoint;
}

}  // namespace

std::optional<Checkpoint> choose_start(const RunConfig& config, const Resume& resume) {
  if (resume.mode == Resume::Mode::kFrom) return start_from(resume.from, config);
  if (resume.mode == Resume::Mode::kAuto) return go_on_in(config.out, config);
  if (has_content(config.out))
    throw UsageError(config.out, "is not empty and --resume is none", "", "choose another --out, or --resume auto");
  return std::nullopt;
}

void compare_with(const Checkpoint& checkpoint, const Json& state) {
  const std::string old_data = checkpoint.state.at("dataset").dump(), new_data = state.at("dataset").dump();
  if (old_data != new_data)
    throw UsageError(checkpoint.folder.string(), "was written with other data", old_data, "now it is " + new_data);
  for (const char* key : {"ranks", "threads"})
    if (checkpoint.state.at(key).dump() != state.at(key).dump())
      log_warning("{}: {} -> {}: bits may differ", key, checkpoint.state.at(key).dump(), state.at(key).dump());
}

}  // namespace glid
