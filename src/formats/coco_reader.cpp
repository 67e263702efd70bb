#include "coco_reader.h"

#include <array>
#include <cmath>
#include <span>

#include "coco_tables.h"
#include "glid/core/tally_line.h"

namespace glid {
namespace {

constexpr size_t kMaxShown = 40;
constexpr double kMaxExactInteger = 9007199254740992.0;  // 2^53

std::string shown(JsonValue& value) { return std::string(as_written(value).substr(0, kMaxShown)); }

bool is_syntax_error(simdjson::error_code error) {
  return error != simdjson::INCORRECT_TYPE && error != simdjson::NUMBER_ERROR && error != simdjson::NUMBER_OUT_OF_RANGE;
}

simdjson::ondemand::json_type type_of(JsonValue& value, std::string_view key) {
  simdjson::ondemand::json_type type;
  // What Python writes for such numbers, though JSON has no word for them.
  if (const auto text = as_written(value); text == "NaN" || text == "Infinity") return simdjson::ondemand::json_type::number;
  if (const auto error = value.type().get(type)) fail_json(error, key, "a value", &value);
  return type;
}

void check_size(const JsonShape& shape, int64_t height, int64_t width) {
  if (height == 0 || width == 0) throw DataError("", "has a mask, but its image has no height and width");
  if (shape.has_runs() && (shape.height != height || shape.width != width))
    throw DataError("", format("its mask's size is not its image's, {} x {}", height, width),
                    format("{} x {}", shape.height, shape.width));
}

constexpr size_t kMaxExactDigits = 15;
constexpr std::array<double, kMaxExactDigits + 1> kPowersOfTen = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
const char* skip_spaces(const char* at) {
  while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') ++at;
  return at;
}

// Reads digits with at most one point among them and moves on. Up to 15 digits are an integer, and the power of ten is
// exact too, so that one division gives the nearest double (Clinger, PLDI 1990). False for every other way to write one.
bool read_plain_number(const char*& at, double& number) {
  const char* const first = at;
  uint64_t digits = 0;
  for (; is_digit(*at); ++at) digits = digits * 10 + static_cast<uint64_t>(*at - '0');
  auto num_digits = static_cast<size_t>(at - first), num_places = size_t{0};
  if (num_digits == 0 || (*first == '0' && num_digits > 1)) return false;
  if (*at == '.') {
    const char* const point = at++;
    for (; is_digit(*at); ++at) digits = digits * 10 + static_cast<uint64_t>(*at - '0');
    num_places = static_cast<size_t>(at - point) - 1;
    if (num_places == 0) return false;
  }
  if (num_digits + num_places > kMaxExactDigits) return false;
  number = static_cast<double>(digits) / kPowersOfTen[num_places];
  return true;
}

// Appends the numbers of "[1, 2.5]" if all are plain, else nothing. Most of a COCO file are such lists, which this reads
// twice as fast as a value at a time. Every character that isn't expected ends it, the closing bracket at the latest.
bool append_plain_numbers(std::string_view list, std::vector<double>& out) {
  const size_t size = out.size();
  const char* at = list.data();
  bool is_plain = true;
  do {
    double number = 0;
    at = skip_spaces(at + 1);
    is_plain = read_plain_number(at, number);
    out.push_back(number);
    at = skip_spaces(at);
  } while (is_plain && *at == ',');
  if (is_plain && *at == ']' && at + 1 == list.data() + list.size()) return true;
  out.resize(size);
  return false;
}

}  // namespace

void fail_json(simdjson::error_code error, std::string_view key, const char* type, JsonValue* value) {
  if (key.empty() || is_syntax_error(error)) throw JsonSyntaxError("", "is not valid JSON", simdjson::error_message(error));
  throw DataError("", format("\"{}\" is not {}", key, type), value ? shown(*value) : "");
}

JsonText JsonText::copy(std::string_view json) {
  JsonText text;
  text.size_ = json.size();
  text.bytes_.assign(json.begin(), json.end());
  text.bytes_.resize(json.size() + simdjson::SIMDJSON_PADDING);
  return text;
}

simdjson::ondemand::document JsonText::walk(std::string_view padded, simdjson::ondemand::parser& parser) {
  padded = utf8_of(padded);
  if (padded.size() >= simdjson::SIMDJSON_MAXSIZE_BYTES)
    throw DataError("", "is larger than 4 GiB, the most that one JSON file may have", format("{} bytes", padded.size()),
                    "split it");
  simdjson::ondemand::document document;
  const simdjson::padded_string_view view(padded.data(), padded.size(), padded.size() + simdjson::SIMDJSON_PADDING);
  if (const auto error = parser.iterate(view).get(document)) fail_json(error, "", "");
  return document;
}

simdjson::ondemand::object root_object(simdjson::ondemand::document& document, const char* what) {
  simdjson::ondemand::object object;
  const auto error = document.get_object().get(object);
  if (error == simdjson::INCORRECT_TYPE) throw JsonSyntaxError("", what, "no JSON object");
  if (error) fail_json(error, "", "");
  return object;
}

simdjson::ondemand::array root_list(simdjson::ondemand::document& document, const char* what) {
  simdjson::ondemand::array list;
  const auto error = document.get_array().get(list);
  if (error == simdjson::INCORRECT_TYPE) throw JsonSyntaxError("", what, "no JSON list");
  if (error) fail_json(error, "", "");
  return list;
}

void expect_end(simdjson::ondemand::document& document) {
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
    throw JsonSyntaxError("", "is not valid JSON", "text behind the end");
}

double read_number(JsonValue value, std::string_view key) {
  double number = 0;
  if (const auto error = value.get_double().get(number)) fail_json(error, key, "a finite number", &value);
  return number;
}

int64_t read_integer(JsonValue value, std::string_view key) {
  simdjson::ondemand::number number;
  if (const auto error = value.get_number().get(number)) fail_json(error, key, "an integer", &value);
  if (number.is_int64()) return number.get_int64();
  const double real = number.as_double();
  if (number.is_uint64() || real != std::floor(real) || std::abs(real) > kMaxExactInteger)
    throw DataError("", format("\"{}\" is not an integer of 64 bits", key), shown(value));
  return static_cast<int64_t>(real);
}

bool read_flag(JsonValue value, std::string_view key) {
  if (type_of(value, key) != simdjson::ondemand::json_type::boolean) return read_integer(value, key) != 0;
  bool flag = false;
  if (const auto error = value.get_bool().get(flag)) fail_json(error, key, "true or false", &value);
  return flag;
}

bool says_yes(JsonValue value, std::string_view key) {
  const auto type = type_of(value, key);
  if (type == simdjson::ondemand::json_type::number) return read_number(value, key) != 0;
  return type == simdjson::ondemand::json_type::boolean && read_flag(value, key);
}

std::string_view read_text(JsonValue value, std::string_view key) {
  std::string_view text;
  if (const auto error = value.get_string().get(text)) fail_json(error, key, "a string", &value);
  return text;
}

bool is_null(JsonValue value) {
  bool null = false;
  if (const auto error = value.is_null().get(null)) fail_json(error, "", "");
  return null;
}

void append_numbers(JsonValue value, std::string_view key, std::vector<double>& out) {
  simdjson::ondemand::array list;
  std::string_view text;
  if (const auto error = value.get_array().get(list)) fail_json(error, key, "a list", &value);
  if (const auto error = list.raw_json().get(text)) fail_json(error, "", "");
  while (!text.empty() && text.back() != ']') text.remove_suffix(1);
  if (append_plain_numbers(text, out)) return;
  if (const auto error = list.reset().error()) fail_json(error, "", "");
  for_each_element(list, [&](JsonValue number) { out.push_back(read_number(number, key)); });
}

BoxXywh read_box(JsonValue value, std::string_view key) {
  std::vector<double> sides;
  append_numbers(value, key, sides);
  return to_box(sides, key);
}

BoxXywh to_box(std::span<const double> sides, std::string_view key) {
  if (sides.size() != 4) throw DataError("", format("\"{}\" is not four numbers", key), format("{} numbers", sides.size()));
  return {sides[0], sides[1], sides[2], sides[3]};
}

void require(bool there, std::string_view key) {
  if (!there) throw DataError("", format("has no \"{}\"", key));
}

void check_keypoints(size_t num_numbers, uint64_t joints) {
  if (num_numbers % 3 == 0 && (joints == 0 || num_numbers == 3 * joints)) return;
  throw DataError("",
                  joints > 0 ? format("its keypoints are not 3 numbers for each of the category's {} joints", joints)
                             : "its keypoints are not 3 numbers for each joint",
                  format("{} numbers", num_numbers));
}

std::string_view as_written(JsonValue value) {
  std::string_view token = value.raw_json_token();
  while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
    token.remove_suffix(1);
  return token;
}

JsonId read_id(JsonValue value, std::string_view key) {
  using simdjson::ondemand::json_type;
  JsonId id{.written = as_written(value)};
  if (const json_type type = type_of(value, key); type != json_type::number && type != json_type::string)
    throw DataError("", format("\"{}\" is neither a number nor a string", key), shown(value));
  id.is_text = type_of(value, key) == simdjson::ondemand::json_type::string;
  if (!id.is_text) {
    id.number = read_integer(value, key);
    return id;
  }
  id.text = read_text(value, key);
  if (id.text.empty()) throw DataError("", format("\"{}\" is an empty string", key));
  return id;
}

JsonId read_integer_id(JsonValue value, std::string_view key) {
  return {.number = read_integer(value, key), .written = as_written(value)};
}

void add_line(std::vector<std::string>& lines, const Tally& tally, const std::pair<const char*, const char*>& names,
              std::string_view rest) {
  if (tally.count > 0) lines.push_back(tally_line(tally, names.first, names.second, rest));
}

void add_unread(std::vector<std::string>& lines, const std::map<std::string, Tally>& unread) {
  for (const auto& [field, tally] : unread)
    add_line(lines, tally, {"value", "values"}, format("of \"{}\" that can't be read, which nothing here needs", field));
}

CocoImageId to_image_id(const JsonId& id) {
  if (id.is_text) return std::string(id.text);
  return id.number;
}

std::optional<uint32_t> find_image(const CocoIndex& index, const JsonId& id) {
  return id.is_text ? index.find_image(id.text) : index.find_image(id.number);
}

std::string RecordName::to_string() const {
  return id ? format("{} {} (id {})", kind, number, id->written) : format("{} {}", kind, number);
}

void JsonShape::read(JsonValue value) {
  using simdjson::ondemand::json_type;
  coordinates.clear();
  polygon_ends.clear();
  text = {};
  shape = CocoShape::kNone;
  switch (type_of(value, "segmentation")) {
    case json_type::array: return read_polygons(value);
    case json_type::object: return read_runs(value);
    case json_type::null:
      if (is_null(value)) return;
      [[fallthrough]];
    default: fail_json(simdjson::INCORRECT_TYPE, "segmentation", "a list of polygons or run lengths", &value);
  }
}

void JsonShape::read_polygons(JsonValue value) {
  for_each_element_of(value, "segmentation", [&](JsonValue polygon) {
    const size_t begin = coordinates.size();
    append_numbers(polygon, "segmentation", coordinates);
    const size_t size = coordinates.size() - begin;
    if (size < 6) throw DataError("", "has a polygon with fewer than 6 numbers", std::to_string(size));
    if (size % 2 != 0) throw DataError("", "has a polygon with an odd count of numbers", std::to_string(size));
    polygon_ends.push_back(coordinates.size());
  });
  shape = polygon_ends.empty() ? CocoShape::kEmpty : CocoShape::kPolygons;
}

void JsonShape::read_runs(JsonValue value) {
  std::vector<double> size;
  for_each_field_of(value, "segmentation", [&](JsonKey key, JsonValue field) {
    if (key == "size") append_numbers(field, "size", size);
    else if (key == "counts") read_counts(field);
  });
  if (shape == CocoShape::kNone) throw DataError("", "its segmentation has no \"counts\"");
  if (size.size() != 2)
    throw DataError("", "its segmentation's \"size\" is not two numbers", format("{} numbers", size.size()));
  for (const double side : size)
    if (!(side >= 1 && side <= INT32_MAX && side == std::floor(side)))
      throw DataError("", "its segmentation's \"size\" is not two sizes", format("{} x {}", size[0], size[1]));
  height = static_cast<int64_t>(size[0]);
  width = static_cast<int64_t>(size[1]);
}

void JsonShape::read_counts(JsonValue value) {
  if (type_of(value, "counts") == simdjson::ondemand::json_type::string) {
    text = read_text(value, "counts");
    shape = CocoShape::kCompressed;
    return;
  }
  counts.clear();
  for_each_element_of(value, "counts", [&](JsonValue count) { counts.push_back(read_integer(count, "counts")); });
  shape = CocoShape::kCounts;
}

Rle JsonShape::mask(int64_t image_height, int64_t image_width) const {
  check_size(*this, image_height, image_width);
  if (shape == CocoShape::kCounts) return rle_from_counts(counts, image_height, image_width);
  if (shape == CocoShape::kCompressed) return rle_from_string(text, image_height, image_width);
  return mask_of_polygons(polygons(), image_height, image_width);
}

std::vector<std::span<const double>> JsonShape::polygons() const {
  std::vector<std::span<const double>> polygons;
  size_t begin = 0;
  for (const size_t end : polygon_ends) {
    polygons.push_back(std::span(coordinates).subspan(begin, end - begin));
    begin = end;
  }
  return polygons;
}

}  // namespace glid
