#include "golden.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/rng.h"

namespace glid {

std::vector<std::filesystem::path> golden_files(std::string_view extension) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(kGoldenFormats))
    if (entry.path().extension() == extension) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

void expect_golden_pixels(const std::filesystem::path& file, const Image& image) {
  std::filesystem::path expected = file;
  const std::string bytes = read_file(expected.replace_extension(".rgb"));
  EXPECT_EQ(image.pixels, std::vector<uint8_t>(bytes.begin(), bytes.end()));
  EXPECT_EQ(static_cast<size_t>(image.height * image.width * 3), image.pixels.size());
}

void expect_error_when_cut(const std::string& bytes, const std::function<void(const std::string&)>& read) {
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(read(bytes.substr(0, size)), DataError) << "cut at " << size;
}

void survive_mutations(const std::string& bytes, int num_trials, const std::function<void(const std::string&)>& read) {
  for (int trial = 0; trial < num_trials; ++trial) {
    Rng rng(1, 0, static_cast<uint64_t>(trial), RandomOp::kExample);
    std::string broken = bytes;
    const uint64_t num_changes = 1 + rng.below(4);
    for (uint64_t i = 0; i < num_changes; ++i) broken[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    try {
      read(broken);
    } catch (const DataError&) {}
  }
}

}  // namespace glid
