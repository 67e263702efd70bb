#include "glid/train/run_state.h"

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

void get(const Json& json, int64_t& value) { value = json.as_int(); }
void get(const Json& json, uint64_t& value) { value = json.as_uint(); }
void get(const Json& json, double& value) { value = json.as_double(); }
void get(const Json& json, std::string& value) { value = json.as_string(); }

Json to_json(const std::vector<Vocabulary::Class>& classes) {
  Json::Array all;
  for (const Vocabulary::Class& c : classes) all.push_back(Json::object().set("id", c.id).set("name", c.name));
  return all;
}

Json to_json(const Vocabulary& vocabulary) {
  Json::Array limbs;
  for (const auto& [from, to] : vocabulary.limbs) limbs.push_back(Json::Array{from, to});
  Json json = Json::object();
  json.set("images", to_json(vocabulary.images)).set("objects", to_json(vocabulary.objects));
  json.set("labels", to_json(vocabulary.labels)).set("segments", to_json(vocabulary.segments));
  json.set("is_thing", Json::Array(vocabulary.is_thing.begin(), vocabulary.is_thing.end()));
  json.set("joints", Json::Array(vocabulary.joints.begin(), vocabulary.joints.end()));
  json.set("limbs", std::move(limbs));
  return json.set("has_masks", vocabulary.has_masks).set("has_depth", vocabulary.has_depth);
}

template <class T>
const T& to_json(const T& value) {
  return value;
}

void get(const Json& json, std::vector<Vocabulary::Class>& classes) {
  for (const Json& c : json.as_array()) classes.push_back({c.at("id").as_int(), c.at("name").as_string()});
}

void get(const Json& json, Vocabulary& vocabulary) {
  get(json.at("images"), vocabulary.images);
  get(json.at("objects"), vocabulary.objects);
  get(json.at("labels"), vocabulary.labels);
  get(json.at("segments"), vocabulary.segments);
  for (const Json& is_thing : json.at("is_thing").as_array()) vocabulary.is_thing.push_back(is_thing.as_bool());
  for (const Json& joint : json.at("joints").as_array()) vocabulary.joints.push_back(joint.as_string());
  for (const Json& limb : json.at("limbs").as_array())
    vocabulary.limbs.push_back({limb.as_array().at(0).as_int(), limb.as_array().at(1).as_int()});
  vocabulary.has_masks = json.at("has_masks").as_bool();
  vocabulary.has_depth = json.at("has_depth").as_bool();
}

struct Writer {
  Json json = Json::object();

  template <class T>
  void operator()(const char* name, T& value) {
    if constexpr (requires { value.fields(*this); }) {
      Writer block;
      value.fields(block);
      json.set(name, std::move(block.json));
    } else {
      json.set(name, to_json(value));
    }
  }
};

struct Reader {
  const Json& json;

  template <class T>
  void operator()(const char* name, T& value) {
    if constexpr (requires { value.fields(*this); }) {
      Reader block{json.at(name)};
      value.fields(block);
    } else {
      get(json.at(name), value);
    }
  }
};

}  // namespace

Json write_state(const RunState& state) {
  Writer writer;
  RunState(state).fields(writer);  // one list of fields for both ways takes them by reference
  return std::move(writer.json);
}

RunState read_state(const Json& json, const std::string& where) {
  const Json* format = json.find("format");
  if (!format || format->as_int() != RunState::kFormat)
    throw DataError(
        where, "is of a checkpoint format that can't be gone on with", format ? format->dump() : "",
        glid::format(
            "this program reads format {}; its model.safetensors still gives weights, to init.from and glid_convert",
            RunState::kFormat));
  try {
    RunState state;
    Reader reader{json};
    state.fields(reader);
    return state;
  } catch (const DataError& error) {
    throw DataError(where, error.what());
  }
}

}  // namespace glid
