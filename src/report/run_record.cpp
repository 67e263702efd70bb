#include "glid/report/run_record.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

#include "checks.h"
#include "glid/config/tree.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/json_lines.h"
#include "glid/core/output_place.h"
#include "glid/eval/comparison.h"
#include "run_log_record.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using Keys = std::vector<std::pair<std::string, std::string>>;

void list_keys(const config::Node& node, const std::string& path, Keys& keys) {
  for (const config::Node& child : node.children) {
    const std::string child_path = path.empty() ? child.key : path + "." + child.key;
    if (child.is_block()) list_keys(child, child_path, keys);
    else keys.emplace_back(child_path, child.value_text());
  }
}

// The last of a folder's files and folders whose names begin with `prefix`, in byte order.
std::optional<fs::path> last_of(const fs::path& folder, const std::string& prefix, const std::string& extension) {
  std::optional<fs::path> last;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) {
    const fs::path& path = entry.path();
    if (!path.filename().string().starts_with(prefix) || path.extension() != extension) continue;
    if (!last || *last < path) last = path;
  }
  return last;
}

std::vector<fs::path> json_files(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(prefix) && entry.path().extension() == ".json")
      files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

// A failed check names the file.
Json checked(const fs::path& file, Json json, void (&check)(const Json&)) {
  try {
    check(json);
  } catch (const DataError& error) {
    throw DataError(file.string(), format("is damaged: {}", error.what()));
  }
  return json;
}

Json checked_report(const fs::path& file) { return checked(file, read_report(file), check_evaluation); }

Json checked_data(const fs::path& file) {
  Json check = Json::parse(read_file(file), file.string());
  if (!check.is_object() || check.find("dataset") == nullptr || check.find("splits") == nullptr)
    throw DataError(file.string(), "is no report of glid_data check");
  return checked(file, std::move(check), check_data);
}

// Of a run that may be writing there, a file that can't be read is left out and named.
void try_to_read(RunRecord& run, const std::function<void()>& read) {
  try {
    read();
  } catch (const std::runtime_error& error) {  // of ours or the file system's
    run.left_out.emplace_back(error.what());
  }
}

void read_config(RunRecord& run) {
  const fs::path file = run.folder / "config.yaml";
  if (!fs::exists(file)) return;
  try_to_read(run, [&] {
    run.config_text = read_file(file);
    list_keys(config::parse_tree(run.config_text, file).root, "", run.config);
  });
}

void read_state(RunRecord& run) {
  const auto newest = last_of(run.folder / "checkpoints", "step_", "");
  if (!newest) return;
  run.checkpoint = newest->filename().string();
  const fs::path file = *newest / "state.json";
  try_to_read(run, [&] { run.state = checked(file, Json::parse(read_file(file), file.string()), check_state); });
}

void read_run_log(RunRecord& run) {
  const fs::path file = run.folder / "log.txt";
  if (fs::exists(file)) try_to_read(run, [&] { run.log = parse_run_log(read_file(file)); });
}

void read_run_lock(RunRecord& run) {
  const fs::path file = run.folder / kRunLockFile;
  if (!fs::exists(file)) return;
  const std::optional<LockOwner> owner = LockOwner::parse(read_lock(file));
  run.lock = lock_state(file, owner);
  if (owner) run.lock_owner = owner->name();
}

void read_metrics(RunRecord& run) {
  JsonLines lines;
  try_to_read(run, [&] { lines = read_json_lines(run.folder / "metrics.jsonl", "step"); });
  run.damaged_lines = lines.damaged;
  for (Json& line : lines.whole) {
    try {
      check_metrics(line);
      run.metrics.push_back(std::move(line));
    } catch (const DataError&) {
      ++run.damaged_lines;
    }
  }
}

void read_json_files(RunRecord& run) {
  for (const fs::path& file : json_files(run.folder, "eval"))
    try_to_read(run, [&] { run.reports.push_back({file.stem().string(), checked_report(file)}); });
  for (const fs::path& file : json_files(run.folder, "data"))
    try_to_read(run, [&] { run.data_checks.push_back({file.stem().string(), checked_data(file)}); });
}

void require_run(const fs::path& folder) {
  if (!fs::exists(folder)) throw UsageError(folder.string(), "is not there");
  const bool is_checkpoint = fs::exists(folder / "state.json");
  const auto has = [&](const char* file) { return fs::exists(folder / file); };
  if (!is_checkpoint && (has("config.yaml") || has("metrics.jsonl") || has("log.txt"))) return;
  throw UsageError(folder.string(), is_checkpoint ? "is a checkpoint, not a run" : "is no run's folder", {},
                   is_checkpoint ? "name the run's folder" : "it has no config.yaml, metrics.jsonl or log.txt");
}

// Without a slash at the end, and of "." the folder's own name.
std::string name_of(const fs::path& place) {
  const fs::path whole = whole_path(place);
  return fs::is_directory(place) ? whole.filename().string() : whole.stem().string();
}

}  // namespace

std::string RunRecord::setting(const std::string& key) const {
  const auto found = std::ranges::find(config, key, [](const auto& entry) { return entry.first; });
  return found == config.end() ? "" : found->second;
}

RunRecord read_run(const fs::path& place, const std::string& name) {
  RunRecord run{.name = name.empty() ? name_of(place) : name, .folder = place};
  if (fs::is_regular_file(place)) {
    run.is_report_alone = true;
    run.reports.push_back({"", checked_report(place)});
    return run;
  }
  require_run(place);
  read_config(run);
  read_metrics(run);
  read_run_log(run);
  read_run_lock(run);
  read_state(run);
  run.picture = last_of(place / "pictures", "step_", ".png").value_or(fs::path());
  read_json_files(run);
  return run;
}

}  // namespace glid
