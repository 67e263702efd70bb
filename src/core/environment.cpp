#include "glid/core/environment.h"

#include <gnu/libc-version.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "glid/core/cpus.h"
#include "glid/core/format.h"
#include "glid/core/shell.h"

namespace glid {
namespace {

// What stands behind `key` and the separator in the first such line of a file; empty where there is none.
std::string value_in(const char* file, std::string_view key, char separator) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key)) continue;
    const size_t begin = line.find_first_not_of(" \t\"", line.find(separator) + 1);
    const size_t end = line.find_last_not_of(" \t\"");
    return begin == std::string::npos ? "" : line.substr(begin, end - begin + 1);
  }
  return {};
}

// Those of the instructions that make a difference here.
std::string cpu_features() {
  const std::string flags = " " + value_in("/proc/cpuinfo", "flags", ':') + " ";
  std::string found;
  for (const char* flag : {"avx2", "fma", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16"})
    if (flags.find(format(" {} ", flag)) != std::string::npos) found += format("{}{}", found.empty() ? "" : " ", flag);
  return found.empty() ? "none of note" : found;
}

std::string thread_variables() {
  std::string text;
  for (const char* name : {"OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "GOMP_CPU_AFFINITY"})
    if (const char* value = std::getenv(name)) text += format("{}{}={}", text.empty() ? "" : " ", name, value);
  return text.empty() ? "none" : text;
}

// Those that the driver has, whatever this build can use.
std::string gpu_text() {
  const std::filesystem::path driver = "/proc/driver/nvidia";
  std::string text;
  std::error_code none;
  for (const auto& gpu : std::filesystem::directory_iterator(driver / "gpus", none))
    text += format("{}{}", text.empty() ? "" : ", ", value_in((gpu.path() / "information").c_str(), "Model", ':'));
  return text.empty() ? "none" : format("{} ({})", text, value_in((driver / "version").c_str(), "NVRM version", ':'));
}

std::string system_text() {
  utsname system{};
  ::uname(&system);
  return format("{}, Linux {}, glibc {}", value_in("/etc/os-release", "PRETTY_NAME", '='), system.release,
                ::gnu_get_libc_version());
}

}  // namespace

std::string version_text() { return format("{} (commit {})", GLID_VERSION, commit()); }

Facts environment() {
  return {{"glid", version_text()},
          {"build", GLID_BUILD},
          {"system", system_text()},
          {"host", host_name()},
          {"processor", value_in("/proc/cpuinfo", "model name", ':')},
          {"instructions", cpu_features()},
          {"processors", format("{}", num_cpus())},
          {"GPUs", gpu_text()},
          {"memory", value_in("/proc/meminfo", "MemTotal", ':')},
          {"thread variables", thread_variables()}};
}

std::string text_of(const Facts& facts) {
  std::string text;
  for (const auto& [name, value] : facts) text += format("{}: {}\n", name, value.empty() ? "unknown" : value);
  return text;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

std::filesystem::path own_program() {
  const std::filesystem::path file = std::filesystem::read_symlink("/proc/self/exe");
  const std::filesystem::path named = file.parent_path() / program_invocation_short_name;
  std::error_code ignored;
  return std::filesystem::exists(named, ignored) ? named : file;
}

std::filesystem::path shipped_folder() {
  const std::filesystem::path folder = own_program().parent_path();
  for (const char* place : {"../share/glid", "../../share/glid", "../../.."}) {  // of bin, lib/glid and build/<preset>/bin
    std::error_code ignored;
    if (std::filesystem::exists(folder / place / "configs", ignored)) return (folder / place).lexically_normal();
  }
  return {};
}

std::string own_command_line() {
  std::vector<std::string> words;
  std::ifstream command("/proc/self/cmdline");
  for (std::string word; std::getline(command, word, '\0');) words.push_back(word);
  if (!words.empty()) words[0] = program_invocation_short_name;  // not the file that a starter calls
  return shell_line(words);
}

}  // namespace glid
