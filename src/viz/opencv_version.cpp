#include "glid/viz/opencv_version.h"

#include <opencv2/core/version.hpp>

namespace glid {

std::string opencv_version() { return CV_VERSION; }

}  // namespace glid
