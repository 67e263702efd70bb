#include "help_formatter.h"

#include "glid/core/format.h"
#include "glid/core/wrap.h"

namespace glid {

std::string HelpFormatter::make_option_name(const CLI::Option* option, bool is_positional) const {
  std::string name = CLI::Formatter::make_option_name(option, is_positional);
  const std::string value = "{false}";
  for (size_t at = name.find(value); at != std::string::npos; at = name.find(value)) name.erase(at, value.size());
  return name;
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_items_expected_max() == 0) return {};
  const std::string full_type = option->get_type_name(), value = option->get_default_str();
  const std::string type = full_type.substr(0, full_type.find(':'));  // without CLI11's words for a range
  if (option->get_expected_min() == 0) return format(" [{}]", type);
  const std::string number = option->get_expected_max() == 2 ? format(" {}", type) : "";
  return format(" {}{}{}{}", type, number, value.empty() ? "" : format(" [{}]", value),
                option->get_required() ? " (required)" : "");
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  const size_t column = get_column_width();
  const std::string name = "  " + make_option_name(option, is_positional) + make_option_opts(option);
  std::string lines = wrapped(make_option_desc(option), width_, column);
  if (name.size() + 2 > column || lines.empty()) return name + "\n" + lines;
  return lines.replace(0, name.size(), name);
}

}  // namespace glid
