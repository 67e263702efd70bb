#include "glid/dist/launcher_note.h"

#include <vector>

#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/dist/launch.h"
#include "launcher_notes.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

fs::path note_of(const fs::path& store_file, int rank) {
  return store_file.parent_path() / format("what_to_read_of_rank{}", rank);
}

struct Note {
  fs::path record, log;
};

// Empty where the rank left none: it ended before its run began, or is of another program.
Note read_note(const fs::path& store_file, int rank) {
  const fs::path file = note_of(store_file, rank);
  if (!fs::exists(file)) return {};
  const std::string text = read_file(file);
  const size_t end = text.find('\0');
  return {text.substr(0, end), text.substr(end + 1)};
}

}  // namespace

bool tell_launcher_what_to_read(const fs::path& record, const fs::path& log) {
  const LaunchEnv env = read_launch_env();
  if (env.store_file.empty()) return false;
  write_file(note_of(env.store_file, env.rank), record.string() + '\0' + log.string());
  return true;
}

std::string what_to_read(const fs::path& store_file, int num_ranks, int first) {
  std::vector<std::string> records, without;
  fs::path log;
  const auto add = [&](int rank) {
    const Note note = read_note(store_file, rank);
    if (!note.log.empty()) log = note.log;
    if (!note.record.empty() && fs::exists(note.record)) records.push_back(note.record.string());
    else without.push_back(std::to_string(rank));
  };
  add(first);
  for (int rank = 0; rank < num_ranks; ++rank)
    if (rank != first) add(rank);
  std::error_code unreadable;
  if (records.empty() && !fs::exists(log, unreadable)) return {};  // also where the folder has vanished
  std::string text = "read " + log.string();
  if (!records.empty()) text += ", and what the ranks did last: " + join(records, ", ");
  if (!without.empty()) text += format("; nothing was left by rank {}", join(without, ", "));
  return text;
}

}  // namespace glid
