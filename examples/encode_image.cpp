// Prints the maps that an encoder makes of an image: encode_image RUN|WEIGHTS IMAGE
#include <cstdio>

#include "glid/encoding.h"

int main(int argc, char** argv) {
  return glid::run_program("encode_image", [&] {
    if (argc != 3) throw glid::UsageError("encode_image", "wants two names", "", "encode_image RUN|WEIGHTS IMAGE");
    const glid::ImageEncoder encode(glid::weights_file(argv[1]));
    const glid::Image image = glid::resize(glid::read_image(argv[2]), 224, 224, glid::Filter::kBicubic);
    for (const at::Tensor& map : encode(image))  // [C, H, W] of each stage
      std::printf("%lld channels, %lld x %lld\n", static_cast<long long>(map.size(0)), static_cast<long long>(map.size(1)),
                  static_cast<long long>(map.size(2)));
    return glid::ExitCode::kDone;
  });
}
