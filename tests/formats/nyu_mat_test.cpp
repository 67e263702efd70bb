#include "glid/formats/nyu_mat.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

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
  for (const bool packed : {false, true}) {
    write_raw_nyu(file_, {.packed = packed});
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
  write_raw_nyu(file_, {.packed = true});
  const NyuLabeledMat mat(file_);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) read_everything(mat);
    });
}

TEST_F(NyuMat, Errors) {
  expect_data_error([&] { NyuLabeledMat mat(file_); }, {"nyu.mat: can't be read"});
  write_file(file_, "no HDF5");
  expect_data_error([&] { NyuLabeledMat mat(file_); }, {"nyu.mat: is not an HDF5 file or is damaged"});
  expect_refused({.images = {3, 5, 4}}, {"nyu.mat: images must have the shape", "[3, 5, 4]"});
  expect_refused({.images = {3, 4, 5, 4}}, {"nyu.mat: images must have the shape", "[3, 4, 5, 4]"});
  expect_refused({.raw = {3, 4, 5}}, {"nyu.mat: rawDepths must have the shape [3, 5, 4] (got [3, 4, 5])"});
  expect_refused({.depths = {2, 5, 4}}, {"nyu.mat: depths must have the shape [3, 5, 4] (got [2, 5, 4])"});
  expect_refused({.integer_depths = true}, {"nyu.mat: dataset rawDepths has another type"});
  write_raw_nyu(file_, {.has_scene_types = false});
  expect_data_error([&] { NyuLabeledMat(file_).scene_types(); }, {"nyu.mat: has no dataset sceneTypes"});
}

TEST_F(NyuMat, MissingDatasetsAreNamed) {
  const hid_t file = H5Fcreate(file_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(file);
  expect_data_error([&] { NyuLabeledMat mat(file_); }, {"nyu.mat: has no dataset images"});
}

// Changed files are read in a process of their own: HDF5 1.10 itself reads beyond its buffers on some, about one in 800.
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
  return outcome < 0 ? Outcome::kDied
                     : static_cast<Outcome>(outcome);  // of a signal, or of a sanitizer with a low exit code
}

TEST_F(NyuMat, ChangedFilesEndInAnError) {
  write_raw_nyu(file_, {.packed = true});
  const std::string bytes = read_file(file_);
  int num_refused = 0, num_died = 0;
  for (uint64_t trial = 0; trial < 300; ++trial) {
    Rng rng(1, 0, trial, RandomOp::kExample);
    std::string broken = bytes;
    const uint64_t num_changes = 1 + rng.below(8);
    for (uint64_t i = 0; i < num_changes; ++i) broken[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    if (trial % 10 == 0) broken.resize(rng.below(bytes.size()));
    std::ofstream(file_, std::ios::binary) << broken;  // unlike write_file, without waiting for the disk
    const Outcome outcome = outcome_of(file_);
    EXPECT_NE(outcome, Outcome::kOtherError) << "trial " << trial;
    num_refused += outcome == Outcome::kRefused;
    num_died += outcome == Outcome::kDied;
  }
  EXPECT_GT(num_refused, 30);
  EXPECT_LT(num_died, 10);
}

}  // namespace
}  // namespace glid
