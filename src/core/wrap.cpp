#include "glid/core/wrap.h"

#include <sstream>

namespace glid {

std::string wrapped(const std::string& text, size_t width, size_t indent) {
  std::string lines, line;
  const auto end_line = [&] {
    if (!line.empty()) lines += std::string(indent, ' ') + line + "\n";
    line.clear();
  };
  const auto add = [&](const std::string& word) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > width) end_line();
    line += (line.empty() ? "" : " ") + word;
  };
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    for (size_t bar = 0; indent < width && indent + word.size() > width; word.erase(0, bar + 1)) {
      bar = word.rfind('|', width - indent - 1);
      if (bar == std::string::npos) break;
      add(word.substr(0, bar + 1));
      end_line();
    }
    add(word);
  }
  end_line();
  return lines;
}

}  // namespace glid
