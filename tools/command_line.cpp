#include "command_line.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "completion.h"
#include "glid/core/cpus.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/core/kept_memory.h"
#include "glid/viz/opencv_version.h"
#include "help_formatter.h"

namespace glid {
namespace {

constexpr const char* kAllKeys = "all";
constexpr const char* kHelpGroup = "Help";
constexpr size_t kPageWidth = 100;  // of what isn't written to a terminal

// Nobody means one: it is a shell's variable that isn't set.
void refuse_empty_words(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options())
    if (option->get_items_expected_min() > 0 && std::ranges::find(option->results(), "") != option->results().end())
      throw CLI::ValidationError(option->get_name(), "must not be empty");
  for (const CLI::App* command : app.get_subcommands()) refuse_empty_words(*command);
}

// A flag that prints a text and ends the program.
void add_printer(CLI::App& app, const std::string& name, const std::string& help, std::function<std::string()> text) {
  app.add_flag_callback(
         name, [text = std::move(text)] { throw CLI::CallForVersion(text(), 0); }, help)
      ->group(kHelpGroup);
}

std::string environment_text(const ProgramWords& words) {
  Facts facts = environment();
  facts.emplace_back("OpenCV", opencv_version());
  for (const auto& fact : words.environment()) facts.push_back(fact);
  std::string text = text_of(facts);
  text.pop_back();
  return text;
}

std::optional<size_t> terminal_width() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) != 1 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return std::nullopt;
  const char* columns = std::getenv("COLUMNS");  // exported by whoever wants another width than the terminal's
  if (const int64_t width = columns != nullptr ? std::atoll(columns) : 0; width > 0) return static_cast<size_t>(width);
  return size.ws_col > 0 ? size.ws_col : kPageWidth;
}

// A file that is opened where a standard stream was closed would get what the program says.
void fill_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) (void)::open("/dev/null", stream == STDIN_FILENO ? O_RDONLY : O_WRONLY);
}

void show_example(CLI::App& app, const std::string& example) { app.footer("Example:\n  " + example); }

}  // namespace

void let_threads_sleep_on_a_busy_machine(char** argv) {
  for (const char* variable :
       {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS",                     // somebody's choice
        "WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"})  // other ranks start too
    if (std::getenv(variable)) return;
  if (num_free_cpus() == num_cpus() || ::setenv("OMP_WAIT_POLICY", "PASSIVE", 1) != 0) return;
  ::execv(own_program().c_str(), argv);  // where it can't start again, threads spin
}

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description, const std::string& example) {
  CLI::App* command = app.add_subcommand(name, description);
  show_example(*command, example);
  return command;
}

void add_words(CLI::App& app, const ProgramWords& words) {
  app.formatter(std::make_shared<HelpFormatter>(terminal_width().value_or(kPageWidth)));
  show_example(app, words.example);
  app.set_help_flag();
  app.set_help_all_flag("-h,--help", "print this help and end")->group(kHelpGroup);  // of commands too
  add_printer(app, "--version", "print the version and the commit",
              [&app] { return app.get_name() + " " + version_text(); });
  add_printer(app, "--env", "print what a bug report needs: versions, processor, memory, LibTorch, GPUs",
              [words] { return environment_text(words); });
  add_printer(app, "--completion-bash", "print what bash needs to complete command lines",
              [&app, words] { return bash_completion(app, keys_in(words.keys())); });
  add_printer(app, "--completion-zsh", "the same for zsh",
              [&app, words] { return zsh_completion(app, keys_in(words.keys())); });
}

CLI::Option* names_option(CLI::App& app, const std::string& name, std::string& target, const std::vector<std::string>& names,
                          const std::string& help) {
  CLI::Option* option = app.add_option(name, target, help)->type_name(join(names, "|"));
  return target.empty() ? option : option->capture_default_str();
}

void exclude_others(CLI::App& app, CLI::Option* option) {
  for (CLI::Option* other : app.get_options())
    if (other != option && other->get_group() != kHelpGroup) option->excludes(other);
}

CLI::Validator within(double low, double high) {
  const auto check = [=](const std::string& text) -> std::string {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (*end != '\0') return {};  // whoever converts it says so
    if (value >= low && value <= high) return {};
    return std::isinf(high) ? format("must be at least {:g} (got {})", low, text)
                            : format("must be {:g} to {:g} (got {})", low, high, text);
  };
  return CLI::Validator(check, "");
}

CLI::Option* set_option(CLI::App& app, std::vector<std::string>& overrides, const std::string& help) {
  return app.add_option(kSetOption, overrides, help)->type_name("KEY=VALUE")->expected(1)->take_all();
}

CLI::Option* help_config_option(CLI::App& app, std::string& prefix, const std::string& of_what) {
  return app
      .add_option("--help-config", prefix,
                  "print every key" + of_what + " with type, default and meaning; PREFIX: of a block")
      ->type_name("PREFIX")
      ->expected(0, 1)
      ->default_str(kAllKeys)
      ->group(kHelpGroup);
}

config::HelpOptions help_options(const std::string& prefix) {
  return {.prefix = prefix == kAllKeys ? "" : prefix, .wrap = terminal_width()};
}

std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv) {
  fill_closed_streams();
  keep_freed_memory();
  try {
    app.parse(argc, argv);
    refuse_empty_words(app);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return run_program(app.get_name().c_str(), [&] {
      if (error.get_exit_code() != 0) throw UsageError("", error.what(), "", "--help lists the options");
      app.exit(error);
      return ExitCode::kDone;
    });
  }
}

std::vector<std::string> without_nproc(int argc, char** argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--nproc") ++i;
    else if (!argument.starts_with("--nproc=")) arguments.push_back(argument);
  }
  return arguments;
}

}  // namespace glid
