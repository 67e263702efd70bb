#include "glid/train/run_state.h"

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

void get(const Json& json, int64_t& value) { value = json.as_int(); }
void get(const Json& json, uint64_t& value) { value = json.as_uint(); }
void get(const Json& json, double& value) { value = json.as_double(); }
void get(const Json& json, std::string& value) { value = json.as_string(); }

struct Writer {
  Json json = Json::object();

  template <class T>
  void operator()(const char* name, T& value) {
    if constexpr (requires { value.fields(*this); }) {
      Writer block;
      value.fields(block);
      json.set(name, std::move(block.json));
    } else {
      json.set(name, value);
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
    throw DataError(where, "is of a checkpoint format that can't be gone on with", format ? format->dump() : "",
                    glid::format("this program reads format {}; init.from still takes its weights", RunState::kFormat));
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
