#include "glid/formats/category_names.h"

#include <map>

#include "glid/core/format.h"
#include "glid/core/join.h"

namespace glid {
namespace {

std::string ending(int64_t id) { return format(" (id {})", id); }

}  // namespace

void tell_apart(std::vector<CategoryName>& categories) {
  std::map<std::string, int64_t> uses;
  for (const CategoryName& category : categories) ++uses[category.name];
  for (CategoryName& category : categories)
    if (!category.name.empty() && uses[category.name] > 1) category.name += ending(category.id);
}

std::vector<std::string> repeated_names(const std::vector<CategoryName>& categories) {
  std::map<std::string, std::vector<std::string>> ids;
  for (const auto& [id, name] : categories)
    if (name.ends_with(ending(id))) ids[name.substr(0, name.size() - ending(id).size())].push_back(std::to_string(id));
  std::vector<std::string> lines;
  for (const auto& [name, those] : ids)
    if (those.size() > 1) lines.push_back(format("{} has the ids {}", name, join(those, ", ")));
  return lines;
}

}  // namespace glid
