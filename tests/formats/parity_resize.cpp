// Resamples images from stdin to stdout for scripts/parity/check_resize.py. A request is a header and the image's pixels,
// the answer the pixels of the result.
#include <cstdio>

#include "glid/formats/resize.h"

namespace {

struct Request {
  int64_t height, width, out_height, out_width, is_bicubic;
  glid::Box box;
};

}  // namespace

int main() {
  Request request;
  while (std::fread(&request, sizeof request, 1, stdin) == 1) {
    glid::Image image = glid::Image::filled(request.height, request.width, 0);
    if (std::fread(image.pixels.data(), 1, image.pixels.size(), stdin) != image.pixels.size()) return 1;
    const auto filter = request.is_bicubic ? glid::Filter::kBicubic : glid::Filter::kBilinear;
    const glid::Image out = glid::resize(image, request.out_height, request.out_width, filter, request.box);
    std::fwrite(out.pixels.data(), 1, out.pixels.size(), stdout);
    std::fflush(stdout);
  }
}
