// Picture files of any kind that we read, told apart by their first bytes, never by their names.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "glid/formats/image.h"
#include "glid/formats/jpeg.h"
#include "glid/formats/png.h"

namespace glid {

// Reads a JPEG or PNG file as RGB: grey and palette expanded, CMYK converted as Pillow does, the high byte of 16 bits,
// alpha dropped (colours unchanged), EXIF orientation applied. Throws DataError naming the file when it is missing,
// empty, not an image, truncated, damaged or larger than kMaxImagePixels.
Image read_image(const std::filesystem::path& file);

// The same for bytes in memory; `where` names them in errors.
Image decode_image(std::string_view bytes, const std::string& where);

// The extensions of read_image. JPEGs go by many names: browsers save .jfif and .pjpeg, Twitter's links end in .jpg_large.
inline constexpr std::string_view kImageExtensions[] = {".jpg",   ".jpeg", ".jpe",       ".jfif",     ".jif", ".jfi",
                                                        ".pjpeg", ".pjp",  ".jpg_large", ".jpg_orig", ".png", ".png_large"};
// In small letters, with its dot; empty where there is none.
std::string small_extension(const std::filesystem::path& file);
// One of `extensions`, which are small letters, in any case.
bool has_extension(const std::filesystem::path& file, std::span<const std::string_view> extensions);

inline constexpr std::string_view kWrittenExtensions[] = {".png", ".jpg", ".jpeg"};
// Writes what the file's extension says; JPEG with quality 90. Throws std::invalid_argument for another extension.
void write_image(const std::filesystem::path& file, const Image& image);

// Replace `file` in one step (see write_file). `quality` is libjpeg's, 1 to 100, with 4:2:0 chroma.
void write_png(const std::filesystem::path& file, const Image& image);
void write_jpeg(const std::filesystem::path& file, const Image& image, int quality);

}  // namespace glid
