#include "glid/formats/other_images.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/formats/image_file.h"

namespace glid {
namespace {

using namespace std::string_view_literals;

constexpr int64_t kLooks = 20;  // at files of an extension before they are taken for something else

constexpr std::string_view kOtherExtensions[] = {".avif", ".bmp",  ".cr2", ".cr3", ".dib",  ".dng", ".exr", ".gif", ".hdr",
                                                 ".heic", ".heif", ".hif", ".ico", ".j2k",  ".jp2", ".jpf", ".jpx", ".jxl",
                                                 ".jxr",  ".nef",  ".arw", ".orf", ".pbm",  ".pgm", ".pnm", ".ppm", ".psd",
                                                 ".raf",  ".rw2",  ".tga", ".tif", ".tiff", ".webp"};

struct Magic {
  size_t place;
  std::string_view bytes;
  std::string_view format;
};
constexpr Magic kMagics[] = {{0, "\xFF\xD8\xFF"sv, "JPEG"},
                             {0, "\x89PNG\r\n\x1A\n"sv, "PNG"},
                             {0, "GIF87a"sv, "GIF"},
                             {0, "GIF89a"sv, "GIF"},
                             {8, "WEBP"sv, "WebP"},
                             {0, "II*\0"sv, "TIFF"},
                             {0, "MM\0*"sv, "TIFF"},
                             {0, "II+\0"sv, "TIFF"},
                             {4, "ftypavif"sv, "AVIF"},
                             {4, "ftypavis"sv, "AVIF"},
                             {4, "ftyphei"sv, "HEIF"},
                             {4, "ftyphev"sv, "HEIF"},
                             {4, "ftypmif1"sv, "HEIF"},
                             {4, "ftypmsf1"sv, "HEIF"},
                             {0, "\0\0\0\x0CJXL \r\n"sv, "JPEG XL"},
                             {0, "\0\0\0\x0CjP  \r\n"sv, "JPEG 2000"},
                             {0, "\xFF\x4F\xFF\x51"sv, "JPEG 2000"},
                             {0, "8BPS"sv, "Photoshop"},
                             {0, "\x76\x2F\x31\x01"sv, "OpenEXR"},
                             {0, "#?RADIANCE"sv, "Radiance HDR"}};

bool has_at(std::string_view bytes, size_t place, std::string_view expected) {
  return bytes.size() >= place && bytes.substr(place).starts_with(expected);
}

// Two letters are not enough: one of the usual sizes of the second header must follow.
bool is_bmp(std::string_view bytes) {
  constexpr std::array kHeaderBytes = {12, 40, 52, 56, 64, 108, 124};
  return bytes.starts_with("BM") && bytes.size() > 17 && bytes[15] == 0 && bytes[16] == 0 && bytes[17] == 0 &&
         std::ranges::find(kHeaderBytes, static_cast<unsigned char>(bytes[14])) != kHeaderBytes.end();
}

// "P6" and white space.
bool is_netpbm(std::string_view bytes) {
  return bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' &&
         (bytes[2] == '\n' || bytes[2] == ' ' || bytes[2] == '\r' || bytes[2] == '\t');
}

bool is_image(const std::filesystem::path& file) {
  char bytes[kFormatBytes];
  std::ifstream in(file, std::ios::binary);
  in.read(bytes, sizeof bytes);
  return !image_format({bytes, static_cast<size_t>(in.gcount())}).empty();
}

}  // namespace

std::string_view image_format(std::string_view bytes) {
  for (const Magic& magic : kMagics)
    if (has_at(bytes, magic.place, magic.bytes)) return magic.format;
  if (is_bmp(bytes)) return "BMP";
  return is_netpbm(bytes) ? "Netpbm"sv : ""sv;
}

bool has_other_extension(const std::filesystem::path& file) { return has_extension(file, kOtherExtensions); }

void OtherImages::add(const std::filesystem::path& file) {
  Kind& kind = kinds_[small_extension(file)];
  if (has_other_extension(file)) ++kind.images;
  else if ((kind.images > 0 || kind.others < kLooks) && is_image(file)) ++kind.images;
  else ++kind.others;
}

int64_t OtherImages::count() const {
  return std::accumulate(kinds_.begin(), kinds_.end(), int64_t{0},
                         [](int64_t sum, const auto& kind) { return sum + kind.second.images; });
}

std::string OtherImages::text() const {
  std::vector<std::pair<int64_t, std::string>> found;
  for (const auto& [extension, kind] : kinds_)
    if (kind.images > 0) found.emplace_back(-kind.images, extension.empty() ? "without an extension" : extension);
  std::ranges::sort(found);
  std::string text;
  for (const auto& [count, extension] : found) text += format("{}{} x {}", text.empty() ? "" : ", ", -count, extension);
  return text;
}

std::string OtherImages::hint() const {
  return count() == 0 ? "" : text() + ": of these formats none is read, convert them to JPEG or PNG";
}

// Behind each count: no file's name holds it.
constexpr char kEnd = '\0';

std::string OtherImages::dump() const {
  std::string text;
  for (const auto& [extension, kind] : kinds_) text += format("{} {} {}", kind.images, kind.others, extension) + kEnd;
  return text;
}

OtherImages OtherImages::parse(std::string_view text) {
  OtherImages parsed;
  while (!text.empty()) {
    const size_t end = text.find(kEnd), first = text.find(' '), second = text.find(' ', first + 1);
    Kind kind;
    const auto number = [&](size_t begin, size_t number_end, int64_t& value) {
      const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + number_end, value);
      return error == std::errc() && stop == text.data() + number_end;
    };
    if (end == text.npos || second > end || !number(0, first, kind.images) || !number(first + 1, second, kind.others))
      throw DataError({}, "has no counts of other images");
    parsed.kinds_[std::string(text.substr(second + 1, end - second - 1))] = kind;
    text.remove_prefix(end + 1);
  }
  return parsed;
}

void OtherImages::warn(const std::filesystem::path& folder) const {
  if (count() > 0)
    log_rank_zero_warning("{}: left out: {}, as only JPEG and PNG are read: {}", folder.string(), counted(count(), "image"),
                          text());
}

}  // namespace glid
