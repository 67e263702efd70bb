#include "glid/core/json_lines.h"

#include <sstream>
#include <string>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/files.h"

namespace glid {

JsonLines read_json_lines(const std::filesystem::path& file, std::string_view key) {
  JsonLines lines;
  std::istringstream in(std::filesystem::exists(file) ? read_file(file) : "");
  for (std::string text; std::getline(in, text);) {
    try {
      Json line = Json::parse(text, file.string());
      line.at(key).as_int();
      lines.whole.push_back(std::move(line));
    } catch (const DataError&) {
      ++lines.damaged;
    }
  }
  return lines;
}

}  // namespace glid
