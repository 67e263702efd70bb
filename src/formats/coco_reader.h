// Reading COCO's JSON with simdjson On-Demand: every failure is a DataError that names the key; for_each_record() adds the
// record, in_file() the file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/json_text.h"
#include "glid/core/mapped_file.h"
#include "glid/core/tally.h"
#include "glid/formats/coco_json.h"

namespace glid {

using JsonValue = simdjson::ondemand::value;
using JsonKey = simdjson::ondemand::raw_json_string;

// The text is no JSON: nothing behind this place can be read.
struct JsonSyntaxError : DataError {
  using DataError::DataError;
};

// Throws JsonSyntaxError or, where the JSON is fine, a DataError that is none: `"key" is not TYPE` (where: empty).
[[noreturn]] void fail_json(simdjson::error_code error, std::string_view key, const char* type, JsonValue* value = nullptr);

// A JSON text behind which simdjson may read, and the parser that walks it.
class JsonText {
 public:
  // A copy.
  static JsonText copy(std::string_view json);
  // `padded` has SIMDJSON_PADDING readable bytes behind its end and outlives the walk. Throws DataError for more than 4 GiB
  // and for UTF-16; a byte order mark is skipped.
  static simdjson::ondemand::document walk(std::string_view padded, simdjson::ondemand::parser& parser);

  std::string_view padded() const { return {bytes_.data(), size_}; }

 private:
  std::vector<char> bytes_;
  size_t size_ = 0;
};

// The document itself. Throw JsonSyntaxError `what`: "no JSON object", or that it is not valid JSON.
simdjson::ondemand::object root_object(simdjson::ondemand::document& document, const char* what);
simdjson::ondemand::array root_list(simdjson::ondemand::document& document, const char* what);

// Throws DataError unless nothing but white space is left.
void expect_end(simdjson::ondemand::document& document);

// These throw DataError (where: empty).
double read_number(JsonValue value, std::string_view key);    // finite
int64_t read_integer(JsonValue value, std::string_view key);  // 7 and 7.0 alike
bool read_flag(JsonValue value, std::string_view key);        // true, false or an integer
// Of a field that most rules pass over: whatever is no flag says no.
bool says_yes(JsonValue value, std::string_view key);
std::string_view read_text(JsonValue value, std::string_view key);
bool is_null(JsonValue value);
// Appends the numbers of a list.
void append_numbers(JsonValue value, std::string_view key, std::vector<double>& out);
BoxXywh read_box(JsonValue value, std::string_view key);
BoxXywh to_box(std::span<const double> sides, std::string_view key);

// These throw DataError (where: empty) too.
void require(bool there, std::string_view key);
// `joints`: as many as the category has, 0 where it doesn't say.
void check_keypoints(size_t num_numbers, uint64_t joints);

// A number or text as JSON writes it; only the bracket of a list or an object. Lives as long as the JSON.
std::string_view as_written(JsonValue value);

// An id as it stands; the texts live as long as the walk.
struct JsonId {
  int64_t number = 0;
  std::string_view text;
  bool is_text = false;
  std::string_view written;  // 7, "7": what messages show
};
JsonId read_id(JsonValue value, std::string_view key);
JsonId read_integer_id(JsonValue value, std::string_view key);
// Adds what notes say of something that was met, and of values of fields that are of no use.
// "3 annotations left out (first: ..)": `one` is a name of them, `many` of several, `rest` what is said of them.
void add_line(std::vector<std::string>& lines, const Tally& tally, const std::pair<const char*, const char*>& names,
              std::string_view rest);
void add_unread(std::vector<std::string>& lines, const std::map<std::string, Tally>& unread);
CocoImageId to_image_id(const JsonId& id);
std::optional<uint32_t> find_image(const CocoIndex& index, const JsonId& id);

// What an error calls a record: "annotation 17 (id 908)", counted from 1.
struct RecordName {
  std::string_view kind;
  int64_t number = 0;
  std::optional<JsonId> id;
  std::string to_string() const;
};

// What is wrong with the fields of one record, until it is known whether the record counts and which fields are used.
class FieldFaults {
 public:
  void clear() { faults_.clear(); }
  // Runs `read`; false where it throws a DataError. A JsonSyntaxError passes through.
  template <typename Read>
  bool guard(std::string_view key, Read read) {
    try {
      read();
      return true;
    } catch (const JsonSyntaxError&) {
      throw;
    } catch (const DataError& error) {
      faults_.emplace_back(key, error.what());
      return false;
    }
  }
  bool has(std::string_view field) const {
    return std::ranges::any_of(faults_, [&](const auto& fault) { return fault.first == field; });
  }
  // Throws the first fault of a field that `is_used(key)`.
  template <typename IsUsed>
  void throw_used(IsUsed is_used) const {
    for (const auto& [key, what] : faults_)
      if (is_used(key)) throw DataError("", what);
  }
  // Counts all by field.
  void count(const RecordName& name, std::map<std::string, Tally>& unread) const {
    for (const auto& [key, what] : faults_) unread[key].add(format("{}: {}", name.to_string(), what));
  }

 private:
  std::vector<std::pair<std::string, std::string>> faults_;  // field, what is wrong
};

template <typename Object, typename Visit>
void for_each_field(Object&& object, Visit visit) {
  for (auto result : object) {
    simdjson::ondemand::field field;
    if (const auto error = std::move(result).get(field)) fail_json(error, "", "");
    visit(field.key(), field.value());
  }
}

template <typename Visit>
void for_each_field_of(JsonValue value, std::string_view key, Visit visit) {
  simdjson::ondemand::object object;
  if (const auto error = value.get_object().get(object)) fail_json(error, key, "an object", &value);
  for_each_field(object, visit);
}

template <typename Array, typename Visit>
void for_each_element(Array&& array, Visit visit) {
  for (auto result : array) {
    JsonValue element;
    if (const auto error = std::move(result).get(element)) fail_json(error, "", "");
    visit(element);
  }
}

template <typename Visit>
void for_each_element_of(JsonValue value, std::string_view key, Visit visit) {
  simdjson::ondemand::array array;
  if (const auto error = value.get_array().get(array)) fail_json(error, key, "a list", &value);
  for_each_element(array, visit);
}

// What becomes of a record's DataError: it ends the walk, or is kept.
using OnRecordError = std::function<void(const std::string& record, const DataError& error)>;
inline void throw_of_record(const std::string& record, const DataError& error) { throw DataError(record, error.what()); }

// Calls `visit(element, name)` with each record of a list. A JsonSyntaxError, behind which there is no record, gets the name
// of the last one.
template <typename Array, typename Visit>
void for_each_record(Array&& array, std::string_view kind, Visit visit, const OnRecordError& on_error = throw_of_record) {
  RecordName name{kind};
  try {
    for_each_element(array, [&](JsonValue element) {
      ++name.number;
      name.id.reset();
      try {
        visit(element, name);
      } catch (const JsonSyntaxError&) {
        throw;
      } catch (const DataError& error) {
        on_error(name.to_string(), error);
      }
    });
  } catch (const JsonSyntaxError& error) {
    if (name.number == 0) throw;
    throw JsonSyntaxError(name.to_string(), error.what());
  }
}

// The list of records in `value`, the document's member `key`.
template <typename Visit>
void for_each_record_of(JsonValue value, std::string_view key, std::string_view kind, Visit visit,
                        const OnRecordError& on_error = throw_of_record) {
  simdjson::ondemand::array array;
  if (const auto error = value.get_array().get(array)) fail_json(error, key, "a list", &value);
  for_each_record(array, kind, visit, on_error);
}

// Runs `body`, which reads `json`; DataErrors get the file's name, and text behind the JSON is called that.
template <typename Body>
auto in_file(const std::string& where, std::string_view json, Body body) {
  try {
    return body();
  } catch (const JsonSyntaxError& error) {
    require_no_text_behind(json, where);
    throw DataError(where, error.what());
  } catch (const DataError& error) {
    throw DataError(where, error.what());
  }
}

// A "segmentation" as read, before its image is known.
struct JsonShape {
  CocoShape shape = CocoShape::kNone;
  std::vector<double> coordinates;
  std::vector<size_t> polygon_ends;  // into coordinates
  std::vector<int64_t> counts;
  std::string_view text;          // compressed
  int64_t height = 0, width = 0;  // of run lengths

  bool has_runs() const { return shape == CocoShape::kCounts || shape == CocoShape::kCompressed; }
  // Throws DataError for a polygon that is none and for run lengths without a size; reuses the memory of the last one.
  void read(JsonValue value);
  std::vector<std::span<const double>> polygons() const;
  // Throws DataError when run lengths are not of this size or don't fill it.
  Rle mask(int64_t image_height, int64_t image_width) const;

 private:
  void read_polygons(JsonValue value);
  void read_runs(JsonValue value);
  void read_counts(JsonValue value);
};

}  // namespace glid
