#include "glid/config/write.h"

#include <algorithm>
#include <array>
#include <map>

#include "glid/config/nearest.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/core/wrap.h"

namespace glid::config {
namespace {

// Keeps the path of the block that is being visited.
class PathVisitor : public Visitor {
 public:
  void enter(std::string_view name, std::string_view) override { blocks_.emplace_back(name); }
  void leave() override { blocks_.pop_back(); }
  std::vector<size_t> choose(const Choice& choice) override {
    leaf(choice.name, std::string(choice.names[choice.current]));
    return {choice.current};
  }
  void value(const Field& field) override { leaf(field.name, field.write()); }

 protected:
  virtual void leaf(std::string_view /*name*/, const std::string& /*value*/) {}
  size_t depth() const { return blocks_.size(); }
  std::string path_of(std::string_view name) const {
    return blocks_.empty() ? std::string(name) : format("{}.{}", join(blocks_, "."), name);
  }

 private:
  std::vector<std::string> blocks_;
};

class Flattener final : public PathVisitor {
 public:
  Leaves leaves;

 private:
  void leaf(std::string_view name, const std::string& value) override { leaves.emplace_back(path_of(name), value); }
};

class Writer final : public PathVisitor {
 public:
  void enter(std::string_view name, std::string_view help) override {
    lines_.push_back({format("{:{}}{}:", "", 2 * depth(), name), ""});
    PathVisitor::enter(name, help);
  }

  std::string text(const Tree* origins) const {
    size_t width = 0;
    for (const Line& line : lines_) width = std::max(width, line.text.size());
    std::string text;
    for (const Line& line : lines_) {
      const bool has_origin = origins != nullptr && !line.path.empty();
      text += has_origin ? format("{:<{}}  # {}", line.text, width, comment(origins->origin(line.path))) : line.text;
      text += '\n';
    }
    return text;
  }

 private:
  struct Line {
    std::string text;
    std::string path;  // of a leaf; a block has none
  };

  static std::string comment(const std::string& origin) { return origin == "(default)" ? "default" : origin; }

  void leaf(std::string_view name, const std::string& value) override {
    lines_.push_back({format("{:{}}{}: {}", "", 2 * depth(), name, value), path_of(name)});
  }

  std::vector<Line> lines_;
};

class Helper final : public PathVisitor {
 public:
  explicit Helper(const HelpOptions& options) : options_(options) {}

  void value(const Field& field) override {
    add({path_of(field.name), field.type().text(), field.required ? "(required)" : field.write(), std::string(field.help)});
  }

  void enter(std::string_view name, std::string_view help) override {
    if (!help.empty()) add({path_of(name), "block", "", std::string(help)});
    PathVisitor::enter(name, help);
  }

  // The struct's own alternative first: making another one drops its values.
  std::vector<size_t> choose(const Choice& choice) override {
    const std::string current(choice.names[choice.current]);
    add({path_of(choice.name), names_type(choice.names).text(), current, std::string(choice.help)});
    std::vector<size_t> order{choice.current};
    if (options_.only_chosen) return order;
    for (size_t i = 0; i < choice.names.size(); ++i) {
      if (i != choice.current) order.push_back(i);
    }
    return order;
  }

  void begin_alternative(const Choice& choice, size_t index) override {
    const bool is_alone = choice.names.size() == 1;
    conditions_.push_back({is_alone || options_.only_chosen ? "" : path_of(choice.name), std::string(choice.names[index])});
  }
  void end_alternative() override { conditions_.pop_back(); }

  std::string text() const {
    const std::vector<Row> rows = wanted();
    std::array<size_t, 3> widths{};
    for (const Row& row : rows) {
      for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row.cells[i].size());
    }
    std::string text;
    for (const Row& row : rows) text += options_.wrap ? wrapped_text(row, *options_.wrap) : line_text(row, widths);
    return text;
  }

 private:
  struct Condition {
    std::string key;  // that picks an alternative; empty where there is only one
    std::string alternatives;

    std::string text() const { return key.empty() ? "" : format(" ({}: {})", key, alternatives); }
    bool operator==(const Condition&) const = default;
  };
  struct Row {
    std::array<std::string, 4> cells;  // path, type, default, help
    std::vector<Condition> conditions;
  };

  static std::string meaning(const Row& row) {
    std::string text = row.cells[3];
    for (const Condition& condition : row.conditions) text += condition.text();
    return text;
  }
  static std::string line_text(const Row& row, const std::array<size_t, 3>& widths) {
    return format("{:<{}}  {:<{}}  {:<{}}  {}\n", row.cells[0], widths[0], row.cells[1], widths[1], row.cells[2], widths[2],
                  meaning(row));
  }
  static std::string wrapped_text(const Row& row, size_t width) {
    const auto& [path, type, value, help] = row.cells;
    return wrapped(format("{}: {}{}", path, type, value.empty() ? "" : " = " + value), width, 0) +
           wrapped(meaning(row), width, 4);
  }

  bool is_wanted(const std::string& path) const {
    const std::string& prefix = options_.prefix;
    return prefix.empty() || path == prefix || path.starts_with(prefix + ".");
  }
  std::vector<Row> wanted() const {
    std::vector<Row> wanted;
    std::vector<std::string> names;
    for (const Row& row : rows_) {
      const std::string& path = row.cells[0];
      for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1))
        names.push_back(path.substr(0, dot));
      names.push_back(path);
      if (is_wanted(path)) wanted.push_back(row);
    }
    if (wanted.empty())
      throw UsageError("--help-config", "is no key and no block of keys", options_.prefix,
                       suggestion(nearest(options_.prefix, names)));
    return wanted;
  }

  // A key that several alternatives share alike has one row.
  void add(std::array<std::string, 4> cells) {
    const auto is_same = [&](const Row& row) { return row.cells == cells && differ_in_the_last(row.conditions); };
    const auto same = conditions_.empty() ? rows_.end() : std::find_if(rows_.begin(), rows_.end(), is_same);
    if (same != rows_.end()) same->conditions.back().alternatives += ", " + conditions_.back().alternatives;
    else rows_.push_back({std::move(cells), conditions_});
  }

  bool differ_in_the_last(const std::vector<Condition>& others) const {
    return others.size() == conditions_.size() && others.back().key == conditions_.back().key &&
           std::equal(others.begin(), others.end() - 1, conditions_.begin());
  }

  HelpOptions options_;
  std::vector<Row> rows_;
  std::vector<Condition> conditions_;
};

}  // namespace

std::string write_fields(const VisitStruct& visit_struct, const Tree* origins) {
  Writer writer;
  visit_struct(writer);
  return writer.text(origins);
}

std::string help_fields(const VisitStruct& visit_struct, const HelpOptions& options) {
  Helper helper(options);
  visit_struct(helper);
  return helper.text();
}

Leaves flatten_fields(const VisitStruct& visit_struct) {
  Flattener flattener;
  visit_struct(flattener);
  return flattener.leaves;
}

std::vector<Difference> difference(const Leaves& old_leaves, const Leaves& new_leaves) {
  const std::map<std::string, std::string> old_values(old_leaves.begin(), old_leaves.end());
  const std::map<std::string, std::string> new_values(new_leaves.begin(), new_leaves.end());
  std::vector<Difference> differences;
  for (const auto& [path, value] : old_leaves) {
    const auto other = new_values.find(path);
    if (other == new_values.end()) differences.push_back({path, value, "(absent)"});
    else if (other->second != value) differences.push_back({path, value, other->second});
  }
  for (const auto& [path, value] : new_leaves) {
    if (!old_values.contains(path)) differences.push_back({path, "(absent)", value});
  }
  return differences;
}

}  // namespace glid::config
