// Whose drawing it is.
#pragma once

#include <string>

namespace glid {

// "4.6.0": OpenCV's, as it was built with.
std::string opencv_version();

}  // namespace glid
