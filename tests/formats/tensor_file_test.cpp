#include "glid/formats/tensor_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "expect_data_error.h"
#include "glid/core/files.h"
#include "glid/formats/safetensors.h"
#include "golden.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

// The elements in row-major order.
std::string packed(const TensorInfo& tensor) {
  if (tensor.strides.empty() || tensor.bytes == 0) return {reinterpret_cast<const char*>(tensor.data), tensor.bytes};
  const size_t element = dtype_bytes(tensor.dtype);
  std::vector<int64_t> at(tensor.shape.size());
  std::string bytes;
  while (bytes.size() < tensor.bytes) {
    int64_t place = 0;
    for (size_t d = 0; d < at.size(); ++d) place += at[d] * tensor.strides[d];
    bytes.append(reinterpret_cast<const char*>(tensor.data) + static_cast<size_t>(place) * element, element);
    for (size_t d = at.size(); d-- > 0 && ++at[d] == tensor.shape[d];) at[d] = 0;
  }
  return bytes;
}

// Python wrote the same tensors and texts as safetensors.
void expect_same(const TensorFile& file, const std::string& expected_name) {
  const SafetensorsFile expected(kGoldenFormats / expected_name);
  EXPECT_THAT(file.names(), testing::UnorderedElementsAreArray(expected.names()));
  for (const std::string& name : file.names()) {
    const TensorInfo* found = file.find(name);
    const TensorInfo* same = expected.find(name);
    ASSERT_TRUE(found && same) << name;
    EXPECT_EQ(found->dtype, same->dtype) << name;
    EXPECT_EQ(found->shape, same->shape) << name;
    EXPECT_TRUE(packed(*found) == packed(*same)) << name;
  }
  if (!expected.metadata().empty()) {
    EXPECT_EQ(file.metadata(), expected.metadata());
  }
}

class TensorFileForms : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& bytes) {
    put_file(folder_.path() / name, bytes);
    return folder_.path() / name;
  }

  void expect_refused(const std::string& bytes, const std::vector<std::string>& parts) {
    const auto file = write("x", bytes);
    expect_data_error([&] { TensorFile{file}; }, parts);
  }

  TemporaryFolder folder_;
};

}  // namespace

TEST_F(TensorFileForms, HaveWhatPythonWrote) {
  for (const char* name : {"dtypes", "views", "training", "module", "protocol4"})
    for (const char* form : {"", "_legacy"}) {
      SCOPED_TRACE(std::string(name) + form);
      const TensorFile file(kGoldenFormats / (std::string(name) + form + ".pth"));
      expect_same(file, std::string(name) + ".safetensors");
      EXPECT_EQ(file.form(), *form ? "PyTorch (before 1.6)" : "PyTorch (zip)");
    }
}

TEST_F(TensorFileForms, HaveArraysOfNumpy) {
  for (const char* name : {"arrays2.pkl", "arrays3.pkl", "arrays4.pkl", "arrays5.pkl"}) {
    SCOPED_TRACE(name);
    const TensorFile file(kGoldenFormats / name);
    expect_same(file, "arrays.safetensors");
    EXPECT_EQ(file.form(), "pickle of numpy arrays");
    EXPECT_EQ(file.left_out().line("x"), "1 x (first: big_endian)");
  }
}

TEST_F(TensorFileForms, AreMappedAndShareStorages) {
  const TensorFile file(kGoldenFormats / "views.pth");
  EXPECT_EQ(file.find("base")->data, file.find("transposed")->data);
  EXPECT_EQ(file.find("base")->strides, std::vector<int64_t>());
  EXPECT_EQ(file.find("transposed")->strides, (std::vector<int64_t>{1, 6}));
  EXPECT_EQ(file.find("expanded")->strides, std::vector<int64_t>{0});
  EXPECT_EQ(file.names(), (std::vector<std::string>{"base", "transposed", "row", "column", "steps", "expanded", "same"}));
  EXPECT_EQ(file.files(), std::vector<std::filesystem::path>{kGoldenFormats / "views.pth"});
}

TEST_F(TensorFileForms, LeaveOutWhatNoDtypeHolds) {
  const TensorFile file(kGoldenFormats / "training.pth");
  EXPECT_EQ(file.left_out().count, 3);
  EXPECT_EQ(file.left_out().first, "sparse");
  EXPECT_EQ(file.metadata().at("big"), "1180591620717411303424");
}

}  // namespace glid
