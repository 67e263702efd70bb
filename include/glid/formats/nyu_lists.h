// The list files of the BTS / AdaBins layout of NYU Depth v2 (AdaBins: train_test_inputs/*.txt), one frame a line:
//   kitchen_0028b/rgb_00045.jpg kitchen_0028b/sync_depth_00045.png 518.8579
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

struct NyuPair {
  std::string rgb;    // relative to the folder of the frames, a leading slash of the line dropped
  std::string depth;  // likewise; a 16-bit PNG in millimetres
  double focal_px = 0;
  bool operator==(const NyuPair&) const = default;
};

struct NyuList {
  std::vector<NyuPair> pairs;     // in the order of the file
  int64_t num_without_depth = 0;  // lines whose depth is "None": left out of pairs
};

// Empty lines are skipped. Throw DataError with file:line for a line that is not two names and a positive focal length, or
// naming the file when it is missing or lists nothing.
NyuList read_nyu_list(const std::filesystem::path& file);
NyuList parse_nyu_list(std::string_view text, const std::string& where);

}  // namespace glid
