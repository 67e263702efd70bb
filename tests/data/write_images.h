// Small image files and folders of them for the tests of this layer.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "glid/core/format.h"
#include "glid/formats/image_file.h"

namespace glid {

// A smooth picture that no other `number` has.
inline Image numbered_image(int number, int64_t height, int64_t width) {
  Image image = Image::filled(height, width, 0);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = static_cast<uint8_t>(255 * x / width);
      pixel[1] = static_cast<uint8_t>(255 * y / height);
      pixel[2] = static_cast<uint8_t>(37 * number % 256);
    }
  }
  return image;
}

// Makes its folders and doesn't wait for the disk.
inline void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

inline void write_numbered_image(const std::filesystem::path& file, int number) {
  write_text(file, encode_jpeg(numbered_image(number, 40 + number % 5, 48 + number % 7), 90));
}

// image_00.jpg, image_01.jpg, ... directly in `folder`.
inline void write_flat_folder(const std::filesystem::path& folder, int count) {
  for (int i = 0; i < count; ++i) write_numbered_image(folder / format("image_{:02}.jpg", i), i);
}

}  // namespace glid
