#include "glid/formats/sha256.h"

#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

// FIPS 180-4's example, and the empty text.
TEST(Sha256, IsThatOfTheStandard) {
  const TemporaryFolder dir;
  const std::filesystem::path file = dir.path() / "file";
  write_file(file, "abc");
  EXPECT_EQ(sha256_of_file(file), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  write_file(file, "");
  EXPECT_EQ(sha256_of_file(file), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_THROW(sha256_of_file(dir.path() / "none"), DataError);
}

}  // namespace
}  // namespace glid
