#include "glid/core/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <string>

#include "glid/core/disk_error.h"
#include "glid/core/utf8.h"
#include "log_file.h"

namespace glid {
namespace {

constexpr size_t kEarlyLines = 200;

struct State {
  std::mutex mutex;
  std::shared_ptr<spdlog::logger> logger;
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> early;  // what is said before there is a file
  std::shared_ptr<spdlog::sinks::sink> file;
  std::string prefix;
  bool prints_info = true;
  std::string status;
};

State& state() {
  static State& instance = *new State;  // signals are told of while statics go
  static std::once_flag once;
  std::call_once(once, [] {
    const auto terminal = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    instance.early = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(kEarlyLines);
    instance.logger = std::make_shared<spdlog::logger>("glid", spdlog::sinks_init_list{terminal, instance.early});
    instance.logger->set_pattern("%H:%M:%S %v");
    instance.logger->flush_on(spdlog::level::info);
  });
  return instance;
}

void erase_status(const State& s) {
  if (!s.status.empty()) std::fputs("\r\033[K", stderr);
}

void draw_status(const State& s) {
  if (s.status.empty()) return;
  std::fputs(s.status.c_str(), stderr);
  std::fflush(stderr);
}

void write(std::string_view text) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  erase_status(s);
  s.logger->info("{}{}", s.prefix, lines_for_terminal(text));
  draw_status(s);
}

std::shared_ptr<spdlog::sinks::basic_file_sink_mt> open_log(const std::filesystem::path& file) {
  try {
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string(), /*truncate=*/false);
  } catch (const spdlog::spdlog_ex&) {
    throw_disk_error(file, "can't be written");
  }
}

}  // namespace

void set_log_rank(int rank, int world_size) {
  State& s = state();
  s.prints_info = rank == 0;
  s.prefix = world_size > 1 && rank > 0 ? "[rank " + std::to_string(rank) + "] " : "";
}

void add_log_file(const std::filesystem::path& file, const std::vector<std::string>& head) {
  const auto sink = open_log(file);
  sink->set_pattern("%Y-%m-%d %H:%M:%S %v");
  State& s = state();
  std::lock_guard lock(s.mutex);
  for (const std::string& line : head) sink->log({"glid", spdlog::level::info, to_utf8(line)});
  for (const auto& line : s.early->last_raw()) sink->log(line);
  sink->flush();
  std::erase(s.logger->sinks(), s.early);
  s.logger->sinks().push_back(sink);
  s.file = std::move(sink);
}

void log_to_file(std::string_view text) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  if (!s.file) return;
  try {
    s.file->log({"glid", spdlog::level::info, {text.data(), text.size()}});
    s.file->flush();
  } catch (const std::exception&) {  // a disk that is full
  }
}

bool log_is_terminal() {
  static const bool terminal = isatty(STDERR_FILENO) == 1;
  return terminal;
}

void log_status(std::string_view text) {
  if (!log_is_terminal()) return;
  State& s = state();
  std::lock_guard lock(s.mutex);
  erase_status(s);
  s.status = text;
  draw_status(s);
}

void log_line(std::string_view text) {
  if (state().prints_info) write(text);
}

void warn_line(std::string_view text) { write("warning: " + std::string(text)); }

void warn_line_of_rank_zero(std::string_view text) {
  if (state().prints_info) warn_line(text);
}

}  // namespace glid
