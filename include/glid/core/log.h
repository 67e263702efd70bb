// The process's log: lines to the terminal and, once a run folder exists, to its log.txt. Only rank 0 prints
// information; warnings and errors of other ranks are printed with the rank.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glid/core/format.h"

namespace glid {

// Names this process in a group; call before the first line. A process of its own is rank 0 of 1.
void set_log_rank(int rank, int world_size);
// Appends `head`, the lines so far (the last 200) and every later one to `file` too.
void add_log_file(const std::filesystem::path& file, const std::vector<std::string>& head = {});
// True when stderr is a terminal (progress bars are drawn only then).
bool log_is_terminal();
// Redraws the one status line below the log (terminals only; an empty text clears it).
void log_status(std::string_view text);

void log_line(std::string_view text);
void warn_line(std::string_view text);
void warn_line_of_rank_zero(std::string_view text);

template <typename... Args>
void log_info(fmt::format_string<Args...> text, Args&&... args) {
  log_line(fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> text, Args&&... args) {
  warn_line(fmt::format(text, std::forward<Args>(args)...));
}
// One that all ranks give alike: rank 0's is printed.
template <typename... Args>
void log_rank_zero_warning(fmt::format_string<Args...> text, Args&&... args) {
  warn_line_of_rank_zero(fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace glid
