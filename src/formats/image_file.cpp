#include "glid/formats/image_file.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/formats/image_part.h"
#include "glid/formats/other_images.h"

namespace glid {

Image decode_image(std::string_view bytes, const std::string& where) {
  if (bytes.empty()) throw DataError(where, "is empty");
  if (is_jpeg(bytes)) return decode_jpeg(bytes, where);
  if (is_png(bytes)) return decode_png(bytes, where);
  const std::string_view format = image_format(bytes);
  throw DataError(where, "is not a JPEG or PNG image", format.empty() ? "" : std::string(format) + ", which isn't read");
}

Image read_image(const std::filesystem::path& file) { return decode_image(read_file(file), file.string()); }

Image read_image_part(const std::filesystem::path& file, const PartOfImage& part) {
  return decode_image_part(read_file(file), file.string(), part);
}

Image decode_image_part(std::string_view bytes, const std::string& where, const PartOfImage& part) {
  return is_jpeg(bytes) ? decode_jpeg_part(bytes, where, part) : decode_image(bytes, where);
}

std::string small_extension(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return extension;
}

bool has_extension(const std::filesystem::path& file, std::span<const std::string_view> extensions) {
  return std::ranges::find(extensions, small_extension(file)) != extensions.end();
}

void write_image(const std::filesystem::path& file, const Image& image) {
  constexpr int kQuality = 90;
  const std::string extension = small_extension(file);
  if (!has_extension(file, kWrittenExtensions)) throw std::invalid_argument("write_image: " + file.string());
  if (extension == ".png") write_png(file, image);
  else write_jpeg(file, image, kQuality);
}

void write_png(const std::filesystem::path& file, const Image& image) { write_file(file, encode_png(image)); }

void write_jpeg(const std::filesystem::path& file, const Image& image, int quality) {
  write_file(file, encode_jpeg(image, quality));
}

}  // namespace glid
