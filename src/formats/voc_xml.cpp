#include "glid/formats/voc_xml.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <pugixml.hpp>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"

namespace glid {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const size_t begin = std::min(text.find_first_not_of(kSpaces), text.size());
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  VocAnnotation read() const {
    pugi::xml_document document;
    const pugi::xml_parse_result parsed = document.load_buffer(text_.data(), text_.size());
    if (!parsed) throw DataError(at(parsed.offset), "is not XML", parsed.description());
    const pugi::xml_node root = document.child("annotation");
    if (!root) throw DataError(where_, "has no <annotation>");
    VocAnnotation annotation{std::string(trimmed(root.child_value("filename")))};
    if (const pugi::xml_node size = root.child("size")) {
      annotation.height = pixels(size, "height");
      annotation.width = pixels(size, "width");
    }
    for (const pugi::xml_node object : root.children("object"))
      annotation.objects.push_back(read_object(object, annotation));
    return annotation;
  }

 private:
  VocObject read_object(pugi::xml_node node, const VocAnnotation& image) const {
    VocObject object{std::string(trimmed(node.child_value("name")))};
    if (object.name.empty()) throw DataError(at(node), "an object has no name");
    const pugi::xml_node corners = node.child("bndbox");
    if (!corners) throw DataError(at(node), format("object {} has no <bndbox>", object.name));
    object.box = {number(corners, "xmin") - 1, number(corners, "ymin") - 1, number(corners, "xmax"),
                  number(corners, "ymax")};
    object.difficult = flag(node, "difficult");
    object.truncated = flag(node, "truncated");
    object.degenerate = is_degenerate(object.box, image);
    return object;
  }

  static bool is_degenerate(const Box& box, const VocAnnotation& image) {
    if (!(box.x0 < box.x1 && box.y0 < box.y1)) return true;
    if (image.height == 0 || image.width == 0) return false;
    return box.x0 < 0 || box.y0 < 0 || box.x1 > static_cast<double>(image.width) ||
           box.y1 > static_cast<double>(image.height);
  }

  double number(pugi::xml_node parent, const char* name) const {
    const std::string_view text = trimmed(parent.child_value(name));
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
      throw DataError(at(parent), format("<{}> is not a number", name), std::string(text));
    return value;
  }

  int64_t pixels(pugi::xml_node parent, const char* name) const {
    const double value = number(parent, name);
    if (value < 0 || value > INT32_MAX || value != std::floor(value))
      throw DataError(at(parent), format("<{}> is not a size", name), format("{}", value));
    return static_cast<int64_t>(value);
  }

  // Absent is no.
  bool flag(pugi::xml_node object, const char* name) const {
    const std::string_view text = trimmed(object.child_value(name));
    if (text != "" && text != "0" && text != "1")
      throw DataError(at(object), format("<{}> must be 0 or 1", name), std::string(text));
    return text == "1";
  }

  std::string at(pugi::xml_node node) const { return at(node.offset_debug()); }
  std::string at(std::ptrdiff_t offset) const {
    const auto end = std::clamp<std::ptrdiff_t>(offset, 0, static_cast<std::ptrdiff_t>(text_.size()));
    return format("{}:{}", where_, 1 + std::count(text_.begin(), text_.begin() + end, '\n'));
  }

  std::string_view text_;
  const std::string& where_;
};

}  // namespace

VocAnnotation decode_voc_xml(std::string_view text, const std::string& where) { return Reader(text, where).read(); }

VocAnnotation read_voc_xml(const std::filesystem::path& file) { return decode_voc_xml(read_file(file), file.string()); }

}  // namespace glid
