#include "completion.h"

#include <sstream>

#include "command_line.h"
#include "glid/core/format.h"
#include "glid/core/join.h"

namespace glid {
namespace {

// What may stand behind an option.
struct Expected {
  enum class Kind { kNothing, kName, kKey, kPath, kOther } kind = Kind::kOther;
  std::vector<std::string> names = {};
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

Expected expected_of(const CLI::Option& option, const std::vector<std::string>& keys) {
  const std::string type = option.get_type_name();
  if (option.get_items_expected_max() == 0) return {Expected::Kind::kNothing};
  if (option.check_name(kSetOption)) return {Expected::Kind::kKey, keys};
  if (type.find('|') != std::string::npos) return {Expected::Kind::kName, split(type, '|')};
  return {type == kPathType ? Expected::Kind::kPath : Expected::Kind::kOther};
}

// Those that help lists, of groups of options too.
std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  std::vector<const CLI::Option*> options = app.get_options([](const CLI::Option* o) { return !o->get_group().empty(); });
  for (const CLI::App* group : app.get_subcommands([](const CLI::App* sub) { return sub->get_name().empty(); }))
    for (const CLI::Option* option : options_of(*group)) options.push_back(option);
  return options;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_name().empty(); });
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

std::string function_name(const CLI::App& app) { return "_" + app.get_name(); }

// What is asked of bash for an option's value, and for everything else of a (sub)command.
std::string bash_cases(const CLI::App& app, const std::vector<std::string>& keys) {
  std::string cases;
  std::vector<std::string> all;
  for (const CLI::Option* option : options_of(app)) {
    const std::vector<std::string> names = names_of(*option);
    all.insert(all.end(), names.begin(), names.end());
    const auto [kind, words] = expected_of(*option, keys);
    if (names.empty() || kind == Expected::Kind::kNothing) continue;
    cases += format("    {}) ", join(names, "|"));
    if (kind == Expected::Kind::kName) cases += format("COMPREPLY=($(compgen -W '{}' -- \"$cur\"));", join(words, " "));
    if (kind == Expected::Kind::kKey)
      cases += format("compopt -o nospace; COMPREPLY=($(compgen -S = -W '{}' -- \"$cur\"));", join(words, " "));
    if (kind == Expected::Kind::kOther) cases += "compopt +o default;";
    cases += " return ;;\n";
  }
  for (const CLI::App* command : commands_of(app)) all.push_back(command->get_name());
  const std::string condition = commands_of(app).empty() ? "[[ $cur == -* ]] && " : "";
  return format("  case $prev in\n{}  esac\n  {}COMPREPLY=($(compgen -W '{}' -- \"$cur\"))\n", cases, condition,
                join(all, " "));
}

// Inside of single quotes.
std::string escaped_for_zsh(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\'') escaped += "'\\'";
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string zsh_action(const Expected& expected) {
  switch (expected.kind) {
    case Expected::Kind::kNothing: return "";
    case Expected::Kind::kName: return format(":name:({})", join(expected.names, " "));
    case Expected::Kind::kKey: return format(":key:{{compadd -S= -- {}}}", join(expected.names, " "));
    case Expected::Kind::kPath: return ":path:_files";
    case Expected::Kind::kOther: return ":value:";
  }
  return "";
}

// The specifications that _arguments takes, one a line.
std::string zsh_arguments(const CLI::App& app, const std::vector<std::string>& keys) {
  std::string lines;
  for (const CLI::Option* option : options_of(app)) {
    const std::string action = zsh_action(expected_of(*option, keys));
    const std::string help = escaped_for_zsh(option->get_description());
    const bool repeats = option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    for (const std::string& name : names_of(*option))
      lines += format(" \\\n    '{}{}{}[{}]{}'", repeats ? "*" : "", name, action.empty() ? "" : "=", help, action);
    if (names_of(*option).empty()) lines += format(" \\\n    ':{}:_files'", escaped_for_zsh(option->get_name()));
  }
  return lines;
}

}  // namespace

std::vector<std::string> keys_in(std::string_view help) {
  std::vector<std::string> keys;
  std::istringstream lines{std::string(help)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, type;
    if (words >> key >> type && type != "block") keys.push_back(key);
  }
  return keys;
}

std::string bash_completion(const CLI::App& app, const std::vector<std::string>& keys) {
  std::string body =
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  [[ $prev != = ]] || prev=${COMP_WORDS[COMP_CWORD-2]}  # --option=value is three words to bash\n"
      "  [[ $cur != = ]] || cur=\n  COMPREPLY=()\n";
  for (const CLI::App* command : commands_of(app))
    body += format("  if [[ ${{COMP_WORDS[1]}} == {} && $COMP_CWORD -gt 1 ]]; then\n{}  return\n  fi\n", command->get_name(),
                   bash_cases(*command, keys));
  body += bash_cases(app, keys);
  return format(
      "# Completion of {0} for bash, written by {0} --completion-bash.\n{1}() {{\n{2}}}\ncomplete -o default -F {1} {0}",
      app.get_name(), function_name(app), body);
}

std::string zsh_completion(const CLI::App& app, const std::vector<std::string>& keys) {
  const std::string head =
      format("#compdef {0}\n# Completion of {0} for zsh, written by {0} --completion-zsh.\n", app.get_name());
  if (commands_of(app).empty()) return head + "_arguments" + zsh_arguments(app, keys);
  std::string commands, cases;
  for (const CLI::App* command : commands_of(app)) {
    commands += format(" {}\\:\"{}\"", command->get_name(), escaped_for_zsh(command->get_description()));
    cases += format("  {}) _arguments{} ;;\n", command->get_name(), zsh_arguments(*command, keys));
  }
  return format(
      "{}local state\n_arguments -C{} \\\n    '1:command:(({}))' \\\n    '*:: :->rest'\n[[ $state == rest ]] && case "
      "$words[1] in\n{}esac",
      head, zsh_arguments(app, keys), commands, cases);
}

}  // namespace glid
