// Pictures side by side: one row a sample, one titled column a kind.
#pragma once

#include <string>
#include <vector>

#include "glid/formats/image.h"

namespace glid {

// Rows of images on white, `padding` px around each. Cells have the size of the largest image; smaller ones are centred.
// Titles stand above the columns (none: no title line) in letters that fit the column; they may be fewer than the columns.
Image grid(const std::vector<std::vector<Image>>& rows, const std::vector<std::string>& column_titles, int padding);

}  // namespace glid
