#include "glid/formats/tensor_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expect_data_error.h"
#include "glid/core/files.h"
#include "glid/formats/safetensors.h"
#include "golden.h"
#include "packed_tensor.h"
#include "raw_torch.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

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

TEST_F(TensorFileForms, OthersAreCalledByTheirNames) {
  expect_refused("", {"x: is empty"});
  expect_refused("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", {"git-lfs", "git lfs pull"});
  expect_refused("\n <!DOCTYPE html><html>", {"web page"});
  expect_refused("\x89HDF\r\n\x1a\n____", {"HDF5"});
  expect_refused("\x93NUMPY____", {"single numpy array"});
  expect_refused("GGUF____", {"GGUF"});
  expect_refused("\x1f\x8b____", {"gunzip"});
  expect_refused("BZh9____", {"bunzip2"});
  expect_refused(std::string("\xfd\x37zXZ\0____", 10), {"unxz"});
  expect_refused(std::string(257, 'x') + "ustar____", {"tar file", "2016"});
  expect_refused("(lp0\n.", {"no file of weights that is known here", "safetensors"});
  expect_refused("\x80\x02}q\1.", {"a pickle without tensors or arrays"});
  expect_refused(read_file(kGoldenFormats / "torchscript.pth"), {"TorchScript", "state_dict()"});
  expect_data_error([&] { TensorFile{folder_.path() / "missing"}; }, {"missing", "does not exist"});
  expect_data_error([&] { TensorFile{folder_.path()}; }, {"is a folder, not a file"});
}

// The length of its header is what another form begins with.
TEST_F(TensorFileForms, SafetensorsMayBeginLikeOthers) {
  for (const uint64_t length : {uint64_t{0x3c20}, uint64_t{'{'}, uint64_t{0x0280}, uint64_t{0x8b1f}}) {
    std::string header = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
    header.resize(length, ' ');
    const TensorFile file(write("x", little_endian(length, 8) + header + "7"));
    EXPECT_EQ(packed(*file.find("a")), "7");
    EXPECT_EQ(file.form(), "safetensors");
  }
}

class ShardedFiles : public TensorFileForms {
 protected:
  ShardedFiles() {
    write_one("1.safetensors", "a", "1");
    write_one("2.safetensors", "b", "2");
  }

  void write_one(const std::string& file, const std::string& name, const std::string& byte) {
    const TensorInfo tensor{"U8", {1}, reinterpret_cast<const std::byte*>(byte.data()), 1};
    write_safetensors(folder_.path() / file, {{name, tensor}}, {{"from", file}});
  }

  void expect_index_refused(const std::string& index, const std::vector<std::string>& parts) {
    std::vector<std::string> all = parts;
    all.push_back("x.index.json: ");
    const auto file = write("x.index.json", index);
    expect_data_error([&] { TensorFile{file}; }, all);
  }
};

TEST_F(ShardedFiles, AreReadAsOne) {
  const TensorFile file(write("x.index.json", R"({"metadata": {"total_size": 2, "note": "two"},
    "weight_map": {"b": "2.safetensors", "a": "1.safetensors"}})"));
  EXPECT_EQ(file.names(), (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(packed(*file.find("a")) + packed(*file.find("b")), "12");
  EXPECT_EQ(file.form(), "safetensors, 2 files");
  EXPECT_EQ(file.files().size(), 2u);
  EXPECT_EQ(file.files()[0], folder_.path() / "2.safetensors");
  EXPECT_EQ(file.metadata().at("total_size"), "2");
  EXPECT_EQ(file.metadata().at("note"), "two");
}

TEST_F(ShardedFiles, OneAloneTellsOfItsIndex) {
  const std::string one = "model-00001-of-00002.safetensors";
  write_one(one, "a", "1");
  EXPECT_EQ(TensorFile(folder_.path() / one).form(), "safetensors");
  write("model.safetensors.index.json", R"({"weight_map": {"a": ")" + one + "\"}}");
  EXPECT_EQ(TensorFile(folder_.path() / one).form(), "safetensors; one of several files, whose index is beside it");
  EXPECT_EQ(TensorFile(folder_.path() / "model.safetensors.index.json").form(), "safetensors, 1 file");
  EXPECT_EQ(TensorFile(folder_.path() / "1.safetensors").form(), "safetensors");
}

TEST_F(ShardedFiles, MayBePyTorchs) {
  std::filesystem::copy(kGoldenFormats / "views.pth", folder_.path() / "pytorch_model-00001-of-00001.bin");
  const TensorFile file(
      write("pytorch_model.bin.index.json", R"({"weight_map": {"base": "pytorch_model-00001-of-00001.bin"}})"));
  EXPECT_EQ(file.form(), "PyTorch (zip), 1 file");
  EXPECT_EQ(file.names().size(), 7u);
}

TEST_F(ShardedFiles, HaveTheTextsAndTheLeftOutOfAll) {
  for (const std::string name : {"a", "b"}) {
    const std::string left_out = pickled_tensor({.storage = "QInt8Storage"});
    write(name + ".bin",
          raw_torch_zip(pickled("}" + pickled_text(name) + pickled_tensor({}) + "s" + pickled_text("q" + name) + left_out +
                                "s" + pickled_text("of " + name) + "K\1s")));
  }
  const TensorFile file(write("x.index.json", R"({"weight_map": {"b": "b.bin", "a": "a.bin"}})"));
  EXPECT_EQ(file.left_out().line("x"), "2 x (first: qb)");
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"of a", "1"}, {"of b", "1"}}));
}

TEST_F(ShardedFiles, AreRefusedWhereTheyAreNotWhole) {
  expect_index_refused(R"({"weight_map": {"a": "3.safetensors"}})", {"3.safetensors", "missing"});
  expect_index_refused(R"({"weight_map": {"a": ")" + std::string(300, 'x') + "\"}}", {"xxx", "missing"});
  expect_index_refused("{" + std::string(10'000'000, ' '), {"too many bytes", "10000001"});
  expect_index_refused(R"({"weight_map": {"c": "1.safetensors"}})", {"the tensor c", "1.safetensors"});
  expect_index_refused(R"({"weight_map": {"a": "1.safetensors", "b": "1.safetensors"}})", {"the tensor b"});
  expect_index_refused(R"({"weight_map": {"a": "1.safetensors", "a": "1.safetensors"}})", {"the tensor a twice"});
  write_one("3.safetensors", "a", "3");
  expect_index_refused(R"({"weight_map": {"a": "1.safetensors", "b": "2.safetensors", "c": "3.safetensors"}})",
                       {"two files with the tensor a", "1.safetensors, 3.safetensors"});
  for (const char* name : {"../1.safetensors", "/etc/passwd", "", ".", ".."})
    expect_index_refused(R"({"weight_map": {"a": ")" + std::string(name) + "\"}}", {"isn't beside it"});
  expect_index_refused(R"({"weight_map": {"a": "x.index.json"}})", {"an index itself"});
  expect_index_refused(R"({"config": 1})", {"no weight_map"});
  expect_index_refused(R"({"weight_map": {}})", {"its weight_map is empty"});
  expect_index_refused(R"({"weight_map": {"a": 1}})", {});
  expect_index_refused(R"({"weight_map": {"a")", {});
}

}  // namespace glid
