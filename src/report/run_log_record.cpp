#include "run_log_record.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string>

#include "run_values.h"

namespace glid {
namespace {

constexpr size_t kStamp = 19;  // "2026-01-31 12:34:56"

struct Entry {
  std::string time, text;
};

bool has_stamp(std::string_view line) {
  constexpr std::string_view kForm = "0000-00-00 00:00:00 ";
  if (line.size() < kForm.size()) return false;
  for (size_t i = 0; i < kForm.size(); ++i) {
    const bool is_digit = std::isdigit(static_cast<unsigned char>(line[i])) != 0;
    if (kForm[i] == '0' ? !is_digit : line[i] != kForm[i]) return false;
  }
  return true;
}

std::vector<Entry> entries_of(std::string_view log) {
  std::vector<Entry> entries;
  std::istringstream in{std::string(log)};
  for (std::string line; std::getline(in, line);) {
    if (has_stamp(line)) entries.push_back({line.substr(0, kStamp), line.substr(kStamp + 1)});
    else if (!entries.empty()) (entries.back().text += '\n') += line;
  }
  return entries;
}

// The line below the command: "glid 0.1.0 (commit ..) on HOST, ..".
bool is_environment(const std::string& text) {
  return text.starts_with("glid ") && text.find(" (commit ") != std::string::npos;
}

bool is_end(const std::string& text) { return text.starts_with("done: ") || text.starts_with("interrupted: "); }

}  // namespace

RunLogRecord parse_run_log(std::string_view log) {
  const std::vector<Entry> entries = entries_of(log);
  RunLogRecord record;
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string& text = entries[i].text;
    if (i > 0 && is_environment(text)) {
      record.starts.push_back({entries[i].time, entries[i - 1].text, text});
      record.end.clear();
    }
    if (text.starts_with("weights from ")) add_once(record.load_reports, text);
    if (text.starts_with("warning: ")) add_once(record.warnings, text.substr(9));
    if (text.find(" training image") != std::string::npos && text.find(" to validate on; ") != std::string::npos)
      record.data = text;
    if (is_end(text)) record.end = text;
  }
  return record;
}

}  // namespace glid
