#include <algorithm>

#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/model/weights.h"

namespace glid {
namespace {

void append_names(std::string& text, const char* what, const std::vector<std::string>& names) {
  constexpr size_t kMost = 40;
  if (names.empty()) return;
  const std::vector<std::string> first(names.begin(), names.begin() + static_cast<int64_t>(std::min(names.size(), kMost)));
  text += format("\n  {}: {}", what, join(first, " "));
  if (names.size() > kMost) text += format(" and {} more", names.size() - kMost);
}

std::string part_text(const PartReport& part) {
  std::string text = format("{}: {} loaded", part.part, part.loaded.size());
  if (part.renamed > 0) text += format(" ({} of them renamed)", part.renamed);
  return text + format(", {} resized, {} missing ({:.2f} % of {} parameters filled)", part.resized.size(),
                       part.missing.size() + part.kept.size(),
                       100.0 * static_cast<double>(part.filled) / static_cast<double>(part.parameters), part.parameters);
}

}  // namespace

std::string LoadReport::text() const {
  std::string text = "weights from " + source;
  for (const PartReport& part : parts) {
    text += "\n  " + part_text(part);
    append_names(text, "missing, keeps its initial value", part.missing);
    append_names(text, "not in files of this kind, keeps its initial value", part.kept);
    append_names(text, "resized", part.resized);
  }
  for (const auto& [missing, found] : near_misses) text += format("\n  instead of {} the file has {}", missing, found);
  if (!random.empty()) text += "\n  initial values: " + join(random, ", ");
  append_names(text, "unexpected, not used", unexpected);
  if (!ignored.empty()) text += format("\n  ignored: {} (other parts, buffers, classifier)", ignored.size());
  append_names(text, "WARNING: NaN or infinity in", not_finite);
  for (const std::string& remark : remarks) text += "\n  " + remark;
  return text;
}

}  // namespace glid
