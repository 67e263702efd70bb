#include "glid/formats/nyu_mat.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "expect_data_error.h"
#include "glid/core/files.h"
#include "glid/core/rng.h"
#include "raw_nyu_mat.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

class NyuMat : public testing::Test {
 protected:
  void expect_refused(const RawNyu& raw, const std::vector<std::string>& parts) {
    write_raw_nyu(file_, raw);
    expect_data_error([&] { NyuLabeledMat mat(file_); }, parts);
  }

  TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "nyu.mat";
};

constexpr int kFirstOutcome = 100;  // exit codes of the process that reads a changed file

void read_everything(const NyuLabeledMat& mat) {
  for (int64_t i = 0; i < mat.size(); ++i) {
    mat.rgb(i);
    mat.depth(i, NyuDepth::kRaw);
    mat.depth(i, NyuDepth::kFilled);
  }
  mat.scene_types();
}

TEST_F(NyuMat, FramesAreTurnedToRows) {
  for (const RawStorage storage : {RawStorage::kOnePiece, RawStorage::kDeflated, RawStorage::kShuffled}) {
    write_raw_nyu(file_, {.storage = storage});
    const NyuLabeledMat mat(file_);
    EXPECT_EQ(mat.size(), 3);
    EXPECT_EQ(mat.height(), 4);
    EXPECT_EQ(mat.width(), 5);
    const Image image = mat.rgb(1);
    const DepthMap raw = mat.depth(2, NyuDepth::kRaw), filled = mat.depth(2, NyuDepth::kFilled);
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 5; ++x) {
        for (int c = 0; c < 3; ++c) ASSERT_EQ(image.row(y)[x * 3 + c], ((1 * 3 + c) * 5 + x) * 4 + y);
        ASSERT_EQ(raw.metres[y * 5 + x], (2 * 5 + x) * 4 + y);
        ASSERT_EQ(filled.metres[y * 5 + x], 1000 + (2 * 5 + x) * 4 + y);
      }
    }
    EXPECT_EQ(mat.scene_types(), (std::vector<std::string>{"kitchen0", "kitchen1", "kitchen2"}));
    EXPECT_THROW(mat.rgb(3), std::out_of_range);
    EXPECT_THROW(mat.depth(-1, NyuDepth::kRaw), std::out_of_range);
  }
}

TEST_F(NyuMat, ReadersTakeTurns) {
  write_raw_nyu(file_, {.storage = RawStorage::kShuffled});
  const NyuLabeledMat mat(file_);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) read_everything(mat);
    });
}

TEST_F(NyuMat, Errors) {
  expect_data_error([&] { NyuLabeledMat mat(file_); }, {"nyu.mat: does not exist"});
  write_file(file_, "no HDF5");
  expect_data_error([&] { NyuLabeledMat mat(file_); }, {"nyu.mat: is not an HDF5 file or is damaged"});
  expect_refused({.images = {3, 5, 4}}, {"nyu.mat: images must have the shape", "[3, 5, 4]"});
  expect_refused({.images = {3, 4, 5, 4}}, {"nyu.mat: images must have the shape", "[3, 4, 5, 4]"});
  expect_refused({.raw = {3, 4, 5}}, {"nyu.mat: rawDepths must have the shape [3, 5, 4] (got [3, 4, 5])"});
  expect_refused({.depths = {2, 5, 4}}, {"nyu.mat: depths must have the shape [3, 5, 4] (got [2, 5, 4])"});
  expect_refused({.integer_depths = true}, {"nyu.mat: dataset rawDepths must hold float32 or float64, little-endian"});
  expect_refused({.big_endian_depths = true}, {"nyu.mat: dataset rawDepths must hold float32 or float64, little-endian"});
  expect_refused({.storage = RawStorage::kPlainChunks}, {"nyu.mat: dataset images must have chunks that are deflated"});
  expect_refused({.storage = RawStorage::kCompact}, {"nyu.mat: dataset images must be stored in one piece or in"});
  write_raw_nyu(file_, {.has_scene_types = false});
  expect_data_error([&] { NyuLabeledMat(file_).scene_types(); }, {"nyu.mat: has no dataset sceneTypes"});
}

TEST_F(NyuMat, ChunksThatWereNeverWritten) {
  write_raw_nyu(file_, {.has_values = false, .storage = RawStorage::kDeflated});
  expect_data_error([&] { NyuLabeledMat(file_).rgb(0); }, {"nyu.mat: dataset images lacks a chunk or is damaged"});
}

TEST_F(NyuMat, ChunksMustHaveTheirSize) {
  constexpr size_t kFrameBytes = 4 * 5 * sizeof(float);
  const auto read_depth = [&] { return NyuLabeledMat(file_).depth(0, NyuDepth::kRaw); };
  write_raw_nyu(file_, {.storage = RawStorage::kDeflated});
  overwrite_first_chunk(file_, "rawDepths", 1, std::string(kFrameBytes, '\0'));  // not deflated after all
  EXPECT_EQ(read_depth().metres, std::vector<double>(20, 0));
  overwrite_first_chunk(file_, "rawDepths", 1, std::string(kFrameBytes - 1, '\0'));
  expect_data_error(read_depth, {"nyu.mat: dataset rawDepths is damaged: a chunk must have 80 bytes (got 79)"});
  for (const size_t size : {kFrameBytes - 1, kFrameBytes, kFrameBytes + 1}) {
    std::string deflated(200, '\0');
    uLongf deflated_bytes = deflated.size();
    const std::string frame(size, '\0');
    compress(reinterpret_cast<Bytef*>(deflated.data()), &deflated_bytes, reinterpret_cast<const Bytef*>(frame.data()), size);
    overwrite_first_chunk(file_, "rawDepths", 0, deflated.substr(0, deflated_bytes));
    if (size == kFrameBytes) EXPECT_EQ(read_depth().metres, std::vector<double>(20, 0));
    else expect_data_error(read_depth, {"nyu.mat: dataset rawDepths is damaged: a chunk"});
  }
  overwrite_first_chunk(file_, "rawDepths", 0, std::string(200, '\0'));
  expect_data_error(read_depth, {"nyu.mat: dataset rawDepths is damaged: a chunk of too many bytes (got 200)"});
}

TEST_F(NyuMat, MissingDatasetsAreNamed) {
  const hid_t file = H5Fcreate(file_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(file);
  expect_data_error([&] { NyuLabeledMat mat(file_); }, {"nyu.mat: has no dataset images"});
}

// Changed files are read in a process of their own, so that a crash or a hang is seen.
enum class Outcome { kRead, kRefused, kOtherError, kDied };

Outcome outcome_of(const std::filesystem::path& file) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    if (!std::freopen("/dev/null", "w", stderr)) ::_exit(kFirstOutcome + static_cast<int>(Outcome::kOtherError));
    Outcome outcome = Outcome::kRead;
    try {
      read_everything(NyuLabeledMat(file));
    } catch (const DataError&) {
      outcome = Outcome::kRefused;
    } catch (...) {
      outcome = Outcome::kOtherError;
    }
    ::_exit(kFirstOutcome + static_cast<int>(outcome));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const int outcome = WIFEXITED(status) ? WEXITSTATUS(status) - kFirstOutcome : -1;
  // Below 0: of a signal, or of a sanitizer with a low exit code.
  return outcome < 0 ? Outcome::kDied : static_cast<Outcome>(outcome);
}

// Most of a small HDF5 file is zeros that nobody reads: changes hit the rest, where H5Dread died of 1 in 100 files.
std::vector<size_t> places_beside_content(const std::string& bytes) {
  std::vector<size_t> places;
  for (size_t i = 8; i < bytes.size(); ++i)
    if (bytes.find_first_not_of('\0', i - 8) < i + 8) places.push_back(i);
  return places;
}

TEST_F(NyuMat, ChangedFilesEndInAnError) {
  int num_refused = 0;
  for (const RawStorage storage : {RawStorage::kOnePiece, RawStorage::kDeflated, RawStorage::kShuffled}) {
    write_raw_nyu(file_, {.storage = storage});
    const std::string bytes = read_file(file_);
    const std::vector<size_t> places = places_beside_content(bytes);
    for (uint64_t trial = 0; trial < 120; ++trial) {
      Rng rng(1, static_cast<uint64_t>(storage), trial, RandomOp::kExample);
      std::string broken = bytes;
      const uint64_t num_changes = 1 + rng.below(8);
      for (uint64_t i = 0; i < num_changes; ++i)
        broken[places[rng.below(places.size())]] = static_cast<char>(rng.below(256));
      if (trial % 10 == 0) broken.resize(rng.below(bytes.size()));
      std::ofstream(file_, std::ios::binary) << broken;  // unlike write_file, without waiting for the disk
      const Outcome outcome = outcome_of(file_);
      EXPECT_TRUE(outcome == Outcome::kRead || outcome == Outcome::kRefused)
          << "storage " << static_cast<int>(storage) << ", trial " << trial << ", outcome " << static_cast<int>(outcome);
      num_refused += outcome == Outcome::kRefused;
    }
  }
  EXPECT_GT(num_refused, 30);
}

}  // namespace
}  // namespace glid
