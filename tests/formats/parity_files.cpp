// Reads files for scripts/parity/check_files.py. A request is a line "kind path number", the answer a line with the
// number of values, or -1 and the error, then the values as doubles.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "glid/formats/depth_map.h"
#include "glid/formats/label_map.h"
#include "glid/formats/mat5.h"
#include "glid/formats/npy.h"
#include "glid/formats/nyu_mat.h"

namespace {

using Values = std::vector<double>;

template <typename Range>
Values doubles_of(const Range& range) {
  return {range.begin(), range.end()};
}

// The path of what our own writers make of a file.
std::filesystem::path copy_of(const std::filesystem::path& file) {
  std::filesystem::path copy = file;
  return copy += ".copy";
}

Values read_mat(const std::filesystem::path& file) {
  Values values;
  for (const glid::MatArray& array : glid::read_mat5(file)) {
    for (const int64_t size : array.shape) values.push_back(static_cast<double>(size));
    values.insert(values.end(), array.values.begin(), array.values.end());
  }
  return values;
}

Values read(const std::string& kind, const std::filesystem::path& file, double number) {
  if (kind == "label") {
    const glid::LabelMap map = glid::read_label_png(file);
    glid::write_label_png(copy_of(file), map);
    return doubles_of(map.labels);
  }
  if (kind == "panoptic") {
    const glid::IdMap map = glid::read_panoptic_png(file);
    glid::write_panoptic_png(copy_of(file), map);
    return doubles_of(map.ids);
  }
  if (kind == "depth_png") {
    const glid::DepthMap map = glid::read_depth_png(file, number);
    glid::write_depth_png(copy_of(file), map, number);
    return map.metres;
  }
  if (kind == "npy") {
    const glid::NpyArray array = glid::read_npy(file);
    glid::write_npy(copy_of(file), array);
    return array.to_doubles();
  }
  if (kind == "mat5") return read_mat(file);
  if (kind == "nyu_rgb") return doubles_of(glid::NyuLabeledMat(file).rgb(static_cast<int64_t>(number)).pixels);
  if (kind == "nyu_raw") return glid::NyuLabeledMat(file).depth(static_cast<int64_t>(number), glid::NyuDepth::kRaw).metres;
  if (kind == "nyu_filled")
    return glid::NyuLabeledMat(file).depth(static_cast<int64_t>(number), glid::NyuDepth::kFilled).metres;
  throw std::invalid_argument("unknown kind " + kind);
}

}  // namespace

int main() {
  std::string kind, file;
  double number = 0;
  while (std::cin >> kind >> file >> number) {
    try {
      const Values values = read(kind, file, number);
      std::printf("%zu\n", values.size());
      std::fwrite(values.data(), sizeof(double), values.size(), stdout);
    } catch (const std::exception& error) {
      std::printf("-1 %s\n", error.what());
    }
    std::fflush(stdout);
  }
}
