// Lists the images of a data set in COCO's layout with their objects: read_dataset ROOT
#include <cstdio>

#include "glid/datasets.h"

int main(int argc, char** argv) {
  return glid::run_program("read_dataset", [&] {
    if (argc != 2) throw glid::UsageError("read_dataset", "wants a folder", "", "read_dataset ROOT");
    const glid::Coco data(argv[1], glid::Split::kVal, glid::CocoFile::kInstances);
    for (int64_t id = 0; id < data.size(); ++id) {
      const glid::Sample sample = data.get(id);
      std::printf("%s: %lld x %lld\n", sample.name.c_str(), static_cast<long long>(sample.image.height),
                  static_cast<long long>(sample.image.width));
      for (const glid::Instance& object : sample.targets.instances)
        std::printf("  %s at %.0f, %.0f\n", data.vocabulary().objects.at(static_cast<size_t>(object.category)).name.c_str(),
                    object.box.x0, object.box.y0);
    }
    return glid::ExitCode::kDone;
  });
}
