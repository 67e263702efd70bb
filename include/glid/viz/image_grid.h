// Pictures side by side: one row a sample, one titled column a kind.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glid/formats/image.h"

namespace glid {

// Rows of images on white, `padding` px around each. Cells have the size of the largest image; smaller ones are centred.
// Titles stand above the columns (none: no title line) in letters that fit the column; they may be fewer than the columns.
Image grid(const std::vector<std::vector<Image>>& rows, const std::vector<std::string>& column_titles, int padding);

// The image in the middle of height x width white pixels, or of as many as it has where that is more.
Image centred(const Image& image, int64_t height, int64_t width);

// The image with a line of text below: the text's end where all of it doesn't fit, as names of files differ at their ends.
// The letters are of the image's drawing_scale().
Image captioned(const Image& image, const std::string& caption);

// One below the other on white, at the left.
Image above(const Image& upper, const Image& lower);

}  // namespace glid
