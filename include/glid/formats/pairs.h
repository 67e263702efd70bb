// Folders of files that belong together by name: images and their labels, results and their truths.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/formats/image_file.h"
#include "glid/formats/other_images.h"

namespace glid {

// The files below a folder with one of these extensions (".png", any case): paths relative to it in byte order. Hidden files
// and folders don't count; images of other formats are counted in `others`. Throws DataError when the folder can't be read.
std::vector<std::string> files_of_kinds(const std::filesystem::path& folder, std::span<const std::string_view> extensions,
                                        OtherImages* others = nullptr);

// The same by stem: the relative path without its extension ("berlin/000001"). Throws DataError also when two of the files
// have one stem.
std::map<std::string, std::filesystem::path> files_by_stem(const std::filesystem::path& folder,
                                                           std::span<const std::string_view> extensions,
                                                           OtherImages* others = nullptr);

inline constexpr std::string_view kPngExtensions[] = {".png"};

struct FilePair {
  std::string stem;
  std::filesystem::path image;
  std::filesystem::path label;
};

// All in ascending byte order of the stems.
struct PairList {
  std::vector<FilePair> pairs;
  std::vector<std::filesystem::path> images_without_label;
  std::vector<std::filesystem::path> labels_without_image;
  OtherImages other_images;  // among the images
};

// Images of read_image's kinds and PNG labels. Throws DataError as above, or when no stem is in both folders.
PairList list_pairs(const std::filesystem::path& images, const std::filesystem::path& labels);

}  // namespace glid
