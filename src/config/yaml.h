// The only door to the YAML library.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "glid/config/tree.h"

namespace glid::config {

// Says where a line (from 1) of the text is: "configs/a.yaml:12".
using OriginOfLine = std::function<std::string(int line)>;

// One YAML document as written: repeated keys are kept. Throws UsageError at the line that is not YAML, is an alias, or
// follows the document.
Node parse_yaml(std::string_view text, const OriginOfLine& origin);

}  // namespace glid::config
