// The two forms of a check: text for the terminal, JSON.
#include <algorithm>
#include <cmath>

#include "glid/core/counted.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "glid/data/check_data.h"

namespace glid {
namespace {

constexpr size_t kMaxCommonSizes = 5;
constexpr size_t kMaxTableRows = 200;  // ADE20K's 150 fit, ImageNet's 1,000 don't
constexpr size_t kMaxAbsentNames = 10;
constexpr size_t kMaxNameLength = 40;
constexpr double kBarLength = 24;

struct Table {
  std::string_view key;   // in JSON
  std::string_view unit;  // of the counts
  const std::vector<Vocabulary::Class>* classes;
  const std::vector<ClassCount>* counts;
  const std::vector<int64_t>* ids = nullptr;  // in the files; none: the classes' own
  int64_t total = 0, most = 0;

  int64_t id(size_t i) const { return ids && !ids->empty() ? ids->at(i) : (*classes)[i].id; }
};

// Of a class without a name nobody knows that it could be there.
bool is_absent(const Table& table, size_t i) { return (*table.counts)[i].count == 0 && !(*table.classes)[i].name.empty(); }

std::vector<Table> tables_of(const SplitCheck& check) {
  const Inspection& found = check.inspection;
  std::vector<Table> tables;
  const auto add = [&](Table table) {
    for (const ClassCount& row : *table.counts) {
      table.total += row.count;
      table.most = std::max(table.most, row.count);
    }
    if (!table.classes->empty()) tables.push_back(table);
  };
  add({"images", "images", &check.vocabulary.images, &found.images()});
  add({"objects", "instances", &check.vocabulary.objects, &found.objects(), &found.object_ids()});
  add({"labels", "pixels", &check.vocabulary.labels, &found.labels(), &found.label_ids()});
  add({"segments", "segments", &check.vocabulary.segments, &found.segments()});
  return tables;
}

std::string absent_text(const Table& table) {
  std::string names;
  size_t count = 0;
  for (size_t i = 0; i < table.classes->size(); ++i) {
    if (!is_absent(table, i) || ++count > kMaxAbsentNames) continue;
    names += (names.empty() ? "" : "; ") + (*table.classes)[i].name;
  }
  if (count == 0) return "";
  return format("  {} without {}: {}{}\n", counted(count, "class", "classes"), table.unit, names,
                count > kMaxAbsentNames ? "; ..." : "");
}

std::string row_text(const Table& table, size_t i, size_t width) {
  const std::string& name = (*table.classes)[i].name;
  const auto& [count, images] = (*table.counts)[i];
  const auto bar = static_cast<size_t>(std::ceil(kBarLength * static_cast<double>(count) / static_cast<double>(table.most)));
  return format("  {:>6}  {:<{}}  {:>12}  {:>9}  {:>5.1f}%  {}\n", table.id(i), name.substr(0, width), width, count, images,
                100 * static_cast<double>(count) / static_cast<double>(table.total), std::string(bar, '#'));
}

std::string table_text(const Table& table) {
  size_t width = 4, rows = 0;
  for (size_t i = 0; i < table.classes->size(); ++i)
    if ((*table.counts)[i].count > 0) width = std::clamp((*table.classes)[i].name.size(), width, kMaxNameLength);
  std::string text =
      format("  {:>6}  {:<{}}  {:>12}  {:>9}  {:>6}\n", "id", "name", width, table.unit, "in images", "share");
  for (size_t i = 0; i < table.classes->size(); ++i)
    if ((*table.counts)[i].count > 0 && rows++ < kMaxTableRows) text += row_text(table, i, width);
  if (rows > kMaxTableRows) text += format("  ... and {} more (--json lists all)\n", rows - kMaxTableRows);
  return text + absent_text(table);
}

using SizeCount = std::pair<SizePx, int64_t>;

// By area; sizes of equal area in the order of their heights.
std::vector<SizeCount> by_area(const Inspection& found) {
  std::vector<SizeCount> sizes(found.sizes().begin(), found.sizes().end());
  std::stable_sort(sizes.begin(), sizes.end(), [](const SizeCount& a, const SizeCount& b) {
    return a.first.height * a.first.width < b.first.height * b.first.width;
  });
  return sizes;
}

std::vector<SizeCount> most_common(std::vector<SizeCount> sizes) {
  std::stable_sort(sizes.begin(), sizes.end(), [](const SizeCount& a, const SizeCount& b) { return a.second > b.second; });
  sizes.resize(std::min(sizes.size(), kMaxCommonSizes));
  return sizes;
}

SizePx median_of(const std::vector<SizeCount>& sizes) {
  int64_t total = 0;
  for (const auto& [size, count] : sizes) total += count;
  for (int64_t before = 0; const auto& [size, count] : sizes)
    if ((before += count) > total / 2) return size;
  return sizes.back().first;
}

std::string sizes_text(const Inspection& found) {
  const auto sizes = by_area(found);
  if (sizes.empty()) return "";
  std::string text = format("  sizes (width x height): smallest {}, median {}, largest {}\n", to_string(sizes.front().first),
                            to_string(median_of(sizes)), to_string(sizes.back().first));
  std::vector<std::string> common;
  for (const auto& [size, count] : most_common(sizes)) common.push_back(format("{} in {}", to_string(size), count));
  const char* which = sizes.size() == 1 ? "" : ", the most common";
  return text + glid::format("  {}{}: {}\n", counted(sizes.size(), "size"), which, fmt::join(common, ", "));
}

std::string depth_text(const Inspection& found) {
  const auto& depths = found.median_depths();
  if (depths.empty()) return "";
  return format("  median depth of an image: {:.3f} to {:.3f} m, {:.3f} m in the middle\n", depths.front(), depths.back(),
                depths[depths.size() / 2]);
}

std::string findings_text(const Inspection& found, bool wrong, int64_t max_lines) {
  std::string text;
  for (const DefectKind& kind : defect_kinds()) {
    if (kind.is_wrong != wrong) continue;
    int64_t count = 0;
    std::string lines;
    for (const Finding& finding : found.findings())
      if (finding.defect == kind.defect && ++count <= max_lines) lines += "      " + finding.line() + "\n";
    if (count == 0) continue;
    text += format("    {}: {} x {}\n{}", kind.name, count, kind.what, lines);
    if (count > max_lines) text += format("      ... and {} more (--json lists all)\n", count - max_lines);
  }
  if (text.empty()) return "";
  return (wrong ? "  TRAINING WOULD BE WRONG:\n" : "  legal, counted:\n") + text;
}

std::string split_text(const DataCheck& check, const SplitCheck& split, int64_t max_lines) {
  std::string text = format("{} {}: {}\n", config::name_of(check.config.dataset), config::name_of(split.split),
                            counted(split.num_samples, "image"));
  text += sizes_text(split.inspection) + depth_text(split.inspection);
  for (const Table& table : tables_of(split)) text += table_text(table);
  return text + findings_text(split.inspection, false, max_lines) + findings_text(split.inspection, true, max_lines);
}

Json size_json(const SizePx& size) {
  Json json = Json::object();
  return json.set("width", size.width).set("height", size.height);
}

Json sizes_json(const Inspection& found) {
  const auto sizes = by_area(found);
  Json json = Json::object();
  if (sizes.empty()) return json;
  json.set("smallest", size_json(sizes.front().first)).set("median", size_json(median_of(sizes)));
  json.set("largest", size_json(sizes.back().first));
  Json::Array common;
  for (const auto& [size, count] : most_common(sizes)) common.push_back(size_json(size).set("images", count));
  return json.set("common", std::move(common));
}

Json classes_json(const SplitCheck& split) {
  Json json = Json::object();
  for (const Table& table : tables_of(split)) {
    Json::Array rows;
    for (size_t i = 0; i < table.classes->size(); ++i) {
      if ((*table.counts)[i].count == 0 && !is_absent(table, i)) continue;
      Json row = Json::object();
      row.set("id", table.id(i)).set("name", (*table.classes)[i].name);
      row.set(std::string(table.unit), (*table.counts)[i].count);
      if (table.unit != "images") row.set("images", (*table.counts)[i].images);
      rows.push_back(std::move(row));
    }
    json.set(std::string(table.key), std::move(rows));
  }
  return json;
}

Json depth_json(const Inspection& found) {
  const auto& depths = found.median_depths();
  Json json = Json::object();
  if (depths.empty()) return json;
  json.set("smallest_median", depths.front()).set("median_of_medians", depths[depths.size() / 2]);
  return json.set("largest_median", depths.back());
}

Json finding_json(const Finding& finding) {
  const DefectKind& kind = kind_of(finding.defect);
  Json json = Json::object();
  json.set("kind", kind.name).set("wrong", kind.is_wrong).set("where", finding.where);
  json.set("what", kind.what);
  return finding.reason.empty() ? json.set("value", finding.value) : json.set("reason", finding.reason);
}

}  // namespace

std::string check_text(const DataCheck& check, int64_t max_lines) {
  std::string text;
  int64_t num_images = 0, num_splits = 0;
  for (const SplitCheck& split : check.splits) {
    text += split_text(check, split, max_lines);
    num_images += split.num_samples;
    num_splits += split.num_samples > 0;
  }
  const int64_t wrong = check.num_wrong();
  return text + format("{}: {} in {}, {} with which training would be wrong, {}\n",
                       wrong > 0 ? "NOT FIT" : "fit to train on", counted(num_images, "image"), counted(num_splits, "split"),
                       counted(wrong, "finding"), counted(check.num_legal(), "legal one"));
}

std::string check_json(const DataCheck& check) {
  Json::Array splits;
  for (const SplitCheck& split : check.splits) {
    Json::Array findings;
    for (const Finding& finding : split.inspection.findings()) findings.push_back(finding_json(finding));
    Json json = Json::object();
    json.set("split", config::name_of(split.split)).set("images", split.num_samples);
    json.set("sizes", sizes_json(split.inspection)).set("classes", classes_json(split));
    json.set("depth", depth_json(split.inspection)).set("findings", std::move(findings));
    splits.push_back(std::move(json));
  }
  Json json = Json::object();
  json.set("dataset", config::name_of(check.config.dataset)).set("root", root_of(check.config.dataset));
  json.set("wrong", check.num_wrong()).set("legal", check.num_legal()).set("splits", std::move(splits));
  return json.dump(2) + "\n";
}

}  // namespace glid
