#include "glid/model/file_tensors.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"

namespace glid {
namespace {

const std::filesystem::path kFormats = std::filesystem::path(GLID_TEST_GOLDEN) / "formats";

// Views with strides and offsets, elements that aren't aligned, every type: the numbers are those that PyTorch wrote.
TEST(FileTensors, HaveTheValuesThatWereWritten) {
  for (const std::string name : {"views", "dtypes"})
    for (const char* end : {".pth", "_legacy.pth"}) {
      const TensorFile file(kFormats / (name + end)), plain(kFormats / (name + ".safetensors"));
      int64_t num_compared = 0;
      for (const std::string& tensor : plain.names()) {
        ASSERT_TRUE(file.find(tensor)) << name << end << " " << tensor;
        const at::Tensor given = as_tensor(*file.find(tensor)), expected = as_tensor(*plain.find(tensor));
        EXPECT_EQ(given.scalar_type(), expected.scalar_type());
        ASSERT_EQ(given.sizes(), expected.sizes());
        const bool is_number = !at::isFloat8Type(given.scalar_type()) && !at::isComplexType(given.scalar_type());
        const auto comparable = [&](const at::Tensor& x) {
          return at::isComplexType(x.scalar_type()) ? at::view_as_real(x.contiguous())
                 : is_number                        ? x.to(at::kDouble)
                                                    : x.contiguous().to(at::kFloat);
        };
        EXPECT_TRUE(at::allclose(comparable(given), comparable(expected), 0, 0, /*equal_nan=*/true)) << tensor;
        ++num_compared;
      }
      EXPECT_GT(num_compared, 3);
    }
}

TEST(FileTensors, OnlyNumbersThatAWeightCanTakeAreFloating) {
  const TensorFile file(kFormats / "dtypes.safetensors");
  int64_t num_taken = 0, num_refused = 0;
  for (const std::string& name : file.names()) {
    const std::string& dtype = file.find(name)->dtype;
    if (dtype.starts_with("F") || dtype == "BF16") {
      EXPECT_NO_THROW(require_floating(file, name, "x")) << dtype;
      ++num_taken;
    } else {
      EXPECT_THROW(require_floating(file, name, "x"), UsageError) << dtype;
      ++num_refused;
    }
  }
  EXPECT_GE(num_taken, 4);
  EXPECT_GE(num_refused, 3);
}

}  // namespace
}  // namespace glid
