#include "glid/model/write_weights.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/formats/tensor_file.h"
#include "glid/model/file_tensors.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

WrittenWeights two_tensors() {
  return {.tensors = {{"b.weight", at::arange(6, at::kFloat).reshape({2, 3})}, {"a", at::full({70000}, 0.5)}}};
}

TEST(WriteWeights, EveryContainerAndTypeIsReadBack) {
  const TemporaryFolder dir;
  for (const char* name : {"w.safetensors", "w.pth", "w.pt", "w.bin"})
    for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
      WrittenWeights weights = two_tensors();
      weights.type = type;
      const std::filesystem::path path = dir.path() / name;
      write_weights(path, name, weights);
      const TensorFile file(path);
      EXPECT_THAT(file.names(), ElementsAre("b.weight", "a")) << name;
      for (const auto& [tensor_name, tensor] : weights.tensors) {
        const at::Tensor read = as_tensor(*file.find(tensor_name));
        EXPECT_EQ(read.scalar_type(), type);
        EXPECT_TRUE(at::equal(read, tensor.to(type))) << name << " " << tensor_name;
      }
    }
}

TEST(WriteWeights, PyTorchFilesNestByOneKeyAndAlignTheirRecords) {
  const TemporaryFolder dir;
  WrittenWeights weights = two_tensors();
  weights.under = "model";
  const std::filesystem::path path = dir.path() / "w.pth";
  write_weights(path, path, weights);
  const TensorFile file(path);
  EXPECT_THAT(file.names(), ElementsAre("model.b.weight", "model.a"));
  const std::string bytes = read_file(path);
  const std::string numbers(reinterpret_cast<const char*>(file.find("model.b.weight")->data), 24);
  EXPECT_EQ(bytes.find(numbers) % 64, 0u);
}

// What torch.load(weights_only=True) has been tried on (scripts/parity/check_weights.py).
TEST(WriteWeights, ThePickleIsTorchs) {
  using namespace std::string_literals;
  const TemporaryFolder dir;
  const std::filesystem::path path = dir.path() / "w.pth";
  write_weights(path, path, {.tensors = {{"w", at::zeros({300, 2})}}});
  const std::string pickle =
      "\x80\x02}(X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"
      "X\x01\0\0\0"
      "0X\x03\0\0\0cpuM\x58\x02tQK\0(M\x2c\x01K\x02t(K\x02K\x01t\x89"
      "ccollections\nOrderedDict\n)RtRu."s;
  EXPECT_NE(read_file(path).find(pickle), std::string::npos);
}

TEST(WriteWeights, TheSameWeightsAreTheSameBytes) {
  const TemporaryFolder dir;
  for (const char* name : {"a.pth", "b.pth"}) write_weights(dir.path() / name, name, two_tensors());
  EXPECT_TRUE(read_file(dir.path() / "a.pth") == read_file(dir.path() / "b.pth"));
}

TEST(WriteWeights, NumbersThatATypeCannotHoldAreRefused) {
  const TemporaryFolder dir;
  WrittenWeights weights{.tensors = {{"w", at::full({2}, 70000.0)}}, .type = at::kHalf};
  for (const char* name : {"w.safetensors", "w.pth"})
    EXPECT_THAT(
        [&] { write_weights(dir.path() / name, name, weights); },
        ThrowsMessage<UsageError>(HasSubstr("--dtype: doesn't hold the numbers of w (got F16); the largest is 7e+04")));
  weights.type = at::kBFloat16;
  write_weights(dir.path() / "w.pth", "w.pth", weights);
  // What was no number before stays so.
  weights = {.tensors = {{"w", at::full({2}, std::numeric_limits<double>::infinity())}}, .type = at::kHalf};
  write_weights(dir.path() / "w.pth", "w.pth", weights);
}

TEST(WriteWeights, AFullDiskIsALine) {
  for (const char* name : {"w.safetensors", "w.pth"}) {
    EXPECT_THAT([&] { write_weights("/dev/full", name, two_tensors()); },
                ThrowsMessage<Error>(HasSubstr("/dev/full: can't be written (got No space left on device)")));
    EXPECT_THAT([&] { write_weights("/nowhere/w", name, two_tensors()); },
                ThrowsMessage<Error>(HasSubstr("/nowhere/w: can't be written (got No such file or directory)")));
  }
}

}  // namespace
}  // namespace glid
