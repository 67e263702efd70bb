// What --help looks like, whatever the version of CLI11: names with types and defaults, descriptions in lines that fit.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>

namespace glid {

class HelpFormatter final : public CLI::Formatter {
 public:
  explicit HelpFormatter(size_t width) : width_(width) {}

  // "--pictures,--no-pictures", where CLI11 has "--no-pictures{false}".
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override;
  // " INT [8]", " PATH (required)", " [data|name|value]" where the value may be left out.
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;

 private:
  size_t width_;
};

}  // namespace glid
