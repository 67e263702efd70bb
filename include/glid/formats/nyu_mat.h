// NYU Depth v2 as its authors publish it: nyu_depth_v2_labeled.mat (MATLAB 7.3, which is HDF5) and splits.mat.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "glid/formats/depth_map.h"
#include "glid/formats/image.h"

namespace glid {

enum class NyuDepth {
  kRaw,     // rawDepths: as the sensor saw it, projected onto the colour image; 0 where nothing was measured
  kFilled,  // depths: holes painted in
};

// A frame is read when asked for, by any number of threads. HDF5 finds the arrays and their chunks (callers take turns, as
// distributions don't build it thread-safe); the bytes are checked and unpacked here, because H5Dread of HDF5 1.10 crashes
// on some damaged files. Arrays are stored in one piece, or in chunks of at most 64 MiB that are deflated and perhaps
// shuffled before; anything else, a missing chunk and any damage that is noticed are a DataError naming the file.
class NyuLabeledMat {
 public:
  // Throws DataError when the file is missing, is not HDF5, or its `images` [N][3][W][H] of uint8 and `rawDepths` and
  // `depths` [N][W][H] of little-endian floats or doubles (the order that HDF5 shows; MATLAB's is the reverse) are missing
  // or disagree.
  explicit NyuLabeledMat(const std::filesystem::path& file);
  ~NyuLabeledMat();
  NyuLabeledMat(NyuLabeledMat&&) noexcept;
  NyuLabeledMat& operator=(NyuLabeledMat&&) noexcept;

  int64_t size() const;
  int64_t height() const;
  int64_t width() const;

  // Frame 0 <= i < size(), turned to rows and columns. Throw std::out_of_range for another i.
  Image rgb(int64_t i) const;
  // Metres, floats of the file made doubles. BTS and AdaBins' PNGs hold floor(1000 x rawDepths) instead.
  DepthMap depth(int64_t i, NyuDepth which) const;
  // The scene type of every frame ("kitchen"). Throws DataError when the file has none.
  std::vector<std::string> scene_types() const;

 private:
  struct File;
  std::unique_ptr<File> file_;
};

// Frames from 0 (the file's are from 1): 795 for training and 654 for the test in the official file.
struct NyuSplits {
  std::vector<int64_t> train;
  std::vector<int64_t> test;
};

// trainNdxs and testNdxs of splits.mat. Throws DataError when they are missing, a frame is not in 1 to num_frames, or one is
// there twice.
NyuSplits read_nyu_splits(const std::filesystem::path& file, int64_t num_frames);

}  // namespace glid
