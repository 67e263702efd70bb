#include "evaluated_classes.h"

#include <algorithm>
#include <map>
#include <set>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "glid/core/shell.h"
#include "glid/metrics/metric_settings.h"

namespace glid {
namespace {

using Classes = std::vector<Vocabulary::Class>;

std::string text_of(const Vocabulary::Class& c) { return format("{} (id {})", c.name, c.id); }

std::vector<std::string> names_of(const Classes& classes) {
  std::vector<std::string> names;
  for (const Vocabulary::Class& c : classes) names.push_back(c.name);
  return names;
}

// What to do about classes of other names, or of the same in another order.
std::string hint_of(const std::vector<std::string>& trained, const std::vector<std::string>& data) {
  if (!std::ranges::is_permutation(trained, data))
    return "glid_eval takes them in their order with --other-classes; train and val of a run name theirs alike";
  const Json::Array list(trained.begin(), trained.end());  // quoted as YAML is too
  return format("they are the same in another order: {} sets it where the data set has that key",
                shell_line({"--set", "data.classes=" + Json(list).dump()}));
}

// Ids are a file's own matter: names tell.
void require_same(std::string_view metric, const Classes& trained, const Classes& data, bool may_differ) {
  if (trained.size() != data.size())
    throw UsageError("data", format("has another number of classes of {} than the model was trained on", metric),
                     format("{} for {}", data.size(), trained.size()));
  const auto [ours, theirs] = std::ranges::mismatch(trained, data, {}, &Vocabulary::Class::name, &Vocabulary::Class::name);
  if (ours != trained.end() && !may_differ)
    throw UsageError("data", format("has other classes of {} than the model was trained on", metric),
                     format("{} for {}", text_of(*theirs), text_of(*ours)), hint_of(names_of(trained), names_of(data)));
}

// Whose classes the heads are about.
template <class Config>
void add_own_metric(const Config& config, std::set<std::string_view>& metrics) {
  if constexpr (requires { config.parts(); })
    for (const auto& part : config.parts()) std::visit([&](const auto& own) { add_own_metric(own, metrics); }, part);
  else if (!Config::kMetrics.empty()) metrics.insert(Config::kMetrics.front());
}

}  // namespace

Classes classes_of(std::string_view metric, const Vocabulary& vocabulary) {
  static const std::map<std::string_view, Classes Vocabulary::*> members{{BoxSettings::kName, &Vocabulary::objects},
                                                                         {MaskSettings::kName, &Vocabulary::objects},
                                                                         {AccuracySettings::kName, &Vocabulary::images},
                                                                         {SemanticSettings::kName, &Vocabulary::labels},
                                                                         {PanopticSettings::kName, &Vocabulary::segments}};
  if (const auto found = members.find(metric); found != members.end()) return vocabulary.*found->second;
  Classes joints;
  if (metric == KeypointSettings::kName)
    for (const std::string& joint : vocabulary.joints) joints.push_back({std::ssize(joints), joint});
  return joints;
}

void require_known_classes(const TaskConfig& task, const MetricSettings& measured, const Vocabulary& trained,
                           const Vocabulary& data, bool may_differ) {
  std::set<std::string_view> metrics;
  std::visit([&](const auto& config) { add_own_metric(config, metrics); }, task);
  for (const MetricPart& part : parts_of(measured)) metrics.insert(config::name_of(part.settings));
  for (const std::string_view metric : metrics)
    require_same(metric, classes_of(metric, trained), classes_of(metric, data), may_differ);
}

}  // namespace glid
