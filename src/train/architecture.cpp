#include "glid/train/architecture.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

#include "evaluated_classes.h"
#include "glid/model/pixel_statistics.h"
#include "glid/tasks/mask_features.h"
#include "json_list.h"

namespace glid {
namespace {

constexpr std::string_view kFormatKey = "format", kFormat = "glid architecture 1";

// A block of a configuration with its keys.
class JsonOfFields {
 public:
  template <class T, class... About>
  void operator()(const char* key, const T& value, const About&...) {
    if constexpr (config::NamedEnum<T>) json.set(key, config::name_of(value));
    else json.set(key, value);
  }
  Json json = Json::object();
};

template <class Config>
Json json_of(Config config) {
  JsonOfFields fields;
  config.fields(fields);
  return fields.json;
}

Json json_of_encoder(const SwinShape& shape) {
  return Json::object()
      .set("channels", shape.channels)
      .set("depths", list_of(shape.depths))
      .set("heads", list_of(shape.heads))
      .set("windows", list_of(shape.windows))
      .set("patch", shape.patch);
}

Json json_of_encoder(const VitShape& shape) {
  Json json = Json::object()
                  .set("channels", shape.channels)
                  .set("depths", Json::Array{shape.depth})
                  .set("heads", shape.heads)
                  .set("patch", shape.patch)
                  .set("unit", shape.unit)
                  .set("positions", config::name_of(shape.positions))
                  .set("class_token", shape.class_token)
                  .set("relative_bias", config::name_of(shape.relative_bias));
  return json.set("grid", shape.grid).set("layer_scale", shape.layer_scale.has_value());
}

Json json_of_encoder(const EncoderShape& shape) {
  return shape.swin() ? json_of_encoder(*shape.swin()) : json_of_encoder(*shape.vit());
}

Json json_of_encoder(const EncoderConfig& config) {
  const Json shape = json_of_encoder(config.shape());
  Json json = Json::object().set("name", config::name_of(config.size));
  for (const auto& [key, value] : shape.as_object()) json.set(key, value);
  return json;
}

Json json_of(const HeadSpec& head) {
  return Json::object()
      .set("name", head.name)
      .set("outputs", head.outputs)
      .set("layers", head.layers)
      .set("references", head.references)
      .set("residual_blocks", head.residual_blocks);
}

// What is known of a task by its configuration, which its Task doesn't tell.
struct Asker {
  std::string name;
  std::vector<Vocabulary::Class> classes;
  std::optional<DotConfig> dot;
};

template <class Config>
Asker asker_of(const Config& config, const Vocabulary& vocabulary) {
  Asker asker{.name = std::string(Config::kName)};
  if constexpr (!Config::kMetrics.empty()) asker.classes = classes_of(Config::kMetrics.front(), vocabulary);
  if constexpr (requires { config.set.dot; }) asker.dot = config.set.dot;
  else if constexpr (requires { config.dot; }) asker.dot = config.dot;
  return asker;
}

// One, or as many as there are tasks in one.
std::vector<Asker> askers_of(const TaskConfig& task, const Vocabulary& vocabulary) {
  std::vector<Asker> askers;
  const auto add = [&](const auto& config) { askers.push_back(asker_of(config, vocabulary)); };
  if (const auto* several = std::get_if<MultitaskConfig>(&task))
    for (const MultitaskConfig::Part& part : several->parts()) std::visit(add, part);
  else std::visit(add, task);
  return askers;
}

Json names_of(const std::vector<Vocabulary::Class>& classes) {
  Json::Array names;
  for (const Vocabulary::Class& c : classes) names.push_back(c.name);
  return names;
}

Json json_of_classes(const std::vector<Asker>& askers) {
  if (askers.size() == 1) return names_of(askers[0].classes);
  Json json = Json::object();
  for (const Asker& asker : askers) json.set(asker.name, names_of(asker.classes));
  return json;
}

// How the outputs of the head "embedding" and the map f^b make masks.
Json json_of_masks(const std::optional<DotConfig>& dot, const std::vector<std::string>& heads, int64_t width) {
  const auto head = std::ranges::find_if(heads, [](const std::string& name) { return name.ends_with("embedding"); });
  if (!dot || head == heads.end()) return {};
  return Json::object()
      .set("head", *head)
      .set("features", config::name_of(dot->mask_features))
      .set("scale", dot->scale(width));
}

Json json_of(const Query& query, const Asker& asker, const TaskSpec& spec, int64_t width) {
  std::vector<std::string> heads = query.heads;
  for (size_t i = 0; query.heads.empty() && i < spec.heads.size(); ++i) heads.push_back(spec.heads[i].name);
  Json learned;
  if (const auto* rows = std::get_if<LearnedQueries>(&query.asked))
    learned.set("first", rows->first).set("count", rows->count);
  return Json::object()
      .set("task", asker.name)
      .set("learned", learned)
      .set("heads", list_of(heads))
      .set("masks", json_of_masks(asker.dot, heads, width))
      .set("masked_attention", query.masked.has_value());
}

// By part of the question, one where the task is one.
std::vector<size_t> queries_by_asker(const Question& question) {
  if (question.parts.empty()) return {question.queries.size()};
  std::vector<size_t> counts;
  for (const Question& part : question.parts) counts.push_back(part.queries.size());
  return counts;
}

// A batch without pictures shows the queries of one with some.
Json questions_of(const Task& task, const std::vector<Asker>& askers, const ModelShape& shape) {
  const TaskSpec spec = task.spec();
  if (spec.queries.mask_token || spec.reads != HeadInput::kQueries)
    return Json::Array();  // hidden units are not asked of whole images
  const int64_t unit = shape.encoder.unit_px();
  const Batch none{.units = at::empty({0, unit, unit, 3}, at::kByte)};
  const Question question = task.ask(none, /*training=*/false);
  const std::vector<size_t> counts = queries_by_asker(question);
  Json::Array questions;
  auto query = question.queries.begin();
  for (size_t i = 0; i < counts.size(); ++i)
    for (const auto end = query + static_cast<std::ptrdiff_t>(counts[i]); query != end; ++query)
      questions.push_back(json_of(*query, askers.at(i), spec, shape.decoder.width));
  return questions;
}

Json json_of_image(const RunConfig& config) {
  return Json::object()
      .set("size", config.data.image_size)
      .set("unit", config.model.encoder.shape().unit_px())
      .set("mean", list_of(kPixelMean))
      .set("std", list_of(kPixelDeviation));
}

Json json_of_format() { return Json::object().set(std::string(kFormatKey), kFormat); }

}  // namespace

Json architecture_of(const RunConfig& config, const Task& task, const Vocabulary& vocabulary) {
  const std::vector<Asker> askers = askers_of(config.task, vocabulary);
  const TaskSpec spec = task.spec();
  Json::Array heads;
  for (const HeadSpec& head : spec.heads) heads.push_back(json_of(head));
  Json json = json_of_format();
  json.set("image", json_of_image(config)).set("encoder", json_of_encoder(config.model.encoder));
  if (spec.reads == HeadInput::kQueries)
    json.set("bifpn", json_of(config.model.bifpn)).set("decoder", json_of(config.model.decoder));
  if (spec.reads == HeadInput::kUnitDecoder) json.set("unit_decoder", json_of(spec.unit_decoder));
  json.set("reads", config::name_of(spec.reads));
  json.set("heads", heads).set("queries", Json::object().set("learned", list_of(spec.queries.learned)));
  json.set("supervised_layers",
           spec.supervised_layers.empty() ? Json::Array{config.model.decoder.layers} : list_of(spec.supervised_layers));
  json.set("features", spec.features).set("task", config::name_of(config.task)).set("classes", json_of_classes(askers));
  return json.set("questions", questions_of(task, askers, config.model.shape()));
}

Json architecture_of(const EncoderShape& encoder) { return json_of_format().set("encoder", json_of_encoder(encoder)); }

bool is_architecture(const Json& json) {
  const Json* const format = json.is_object() ? json.find(kFormatKey) : nullptr;
  return format != nullptr && format->dump() == Json(kFormat).dump();
}

}  // namespace glid
