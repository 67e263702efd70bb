#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expect_data_error.h"
#include "fuzz/memory_file.h"
#include "fuzz/torch_file_fuzz.h"
#include "glid/core/files.h"
#include "glid/core/rng.h"
#include "glid/formats/tensor_file.h"
#include "golden.h"
#include "raw_torch.h"

namespace glid {
namespace {

void expect_refused(const std::string& bytes, const std::vector<std::string>& parts) {
  const MemoryFile file(bytes);
  expect_data_error([&] { TensorFile{file.path()}; }, parts);
}

// A file of this one tensor.
std::string with(const RawTensor& tensor) { return raw_torch_zip(pickled_dict(pickled_tensor(tensor))); }

std::string older(const RawTensor& tensor, int64_t count, const std::string& numbers) {
  return raw_torch_pickles(pickled_dict(pickled_tensor(tensor)), "]" + pickled_text("0") + "a",
                           little_endian(static_cast<uint64_t>(count), 8) + numbers);
}

// A long key fifty times over before many names of one tensor.
std::string long_names(const std::string& storage) {
  std::string names = pickled_text(std::string(1000, 'k')) +
                      "q\1"
                      "0" +
                      pickled_tensor({.storage = storage}) +
                      "q\2"
                      "0";
  for (int i = 0; i < 50; ++i) names += "}h\1";
  names += "}(";
  for (uint64_t i = 0; i < 3000; ++i) names += "M" + little_endian(i, 2) + "h\2";
  return names + "u" + std::string(50, 's');
}

std::vector<std::filesystem::path> golden_tensor_files() {
  std::vector<std::filesystem::path> files;
  for (const char* extension : {".pth", ".pkl", ".safetensors"})
    for (const auto& file : golden_files(extension)) files.push_back(file);
  return files;
}

}  // namespace

TEST(TorchFile, TensorsStayInTheirStorages) {
  const MemoryFile good(with({.shape = {2, 2}, .strides = {2, 1}}));
  EXPECT_EQ(TensorFile(good.path()).find("a")->bytes, 16u);
  const MemoryFile empty(with({.shape = {0, 1ll << 40}, .strides = {1, 1}, .offset = 1000}));
  EXPECT_EQ(TensorFile(empty.path()).find("a")->bytes, 0u);
  expect_refused(with({.shape = {2, 2}, .strides = {2, 2}}), {"beyond its storage"});
  expect_refused(with({.offset = 3}), {"beyond its storage"});
  expect_refused(with({.offset = INT64_MAX}), {"beyond its storage"});
  expect_refused(with({.strides = {INT64_MAX}}), {"beyond its storage"});
  expect_refused(with({.strides = {-1}}), {"impossible shape or place"});
  expect_refused(with({.shape = {-1}}), {"impossible shape or place"});
  expect_refused(with({.offset = -1}), {"impossible shape or place"});
  expect_refused(with({.shape = {1ll << 40, 1ll << 40}, .strides = {0, 0}}), {"impossible shape"});
  expect_refused(with({.shape = {1ll << 40}, .strides = {0}}), {"eight times the file's bytes"});
  expect_refused(with({.shape = {2, 2}}), {"stride too many or too few"});
  expect_refused(with({.shape = std::vector<int64_t>(65, 1)}), {"too many dimensions"});
  expect_refused(with({.num_elements = 5}), {"shorter than it says"});
  expect_refused(with({.num_elements = INT64_MAX}), {"shorter than it says"});
  expect_refused(with({.key = "1"}), {"lacks x/data/1"});
  expect_refused(with({.key = "../data.pkl"}), {"lacks x/data/../data.pkl"});
}

TEST(TorchFile, TensorsOfUnknownStoragesAreCounted) {
  for (const char* storage : {"ComplexDoubleStorage", "QInt8Storage", "NewStorage"}) {
    const MemoryFile file(with({.storage = storage}));
    const TensorFile tensors(file.path());
    EXPECT_TRUE(tensors.names().empty());
    EXPECT_EQ(tensors.left_out().line("x"), "1 x (first: a)");
  }
}

// As PyTorch 0.1 and machines with GPUs wrote them.
TEST(TorchFile, TensorsOfOldFunctionsAndOtherDevices) {
  const auto replaced = [](std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
  };
  std::string tensor = pickled_tensor({});
  tensor = replaced(tensor, "ctorch\n", "ctorch.cuda\n");
  tensor = replaced(tensor, "cpu", "gpu");
  const MemoryFile other_device(raw_torch_zip(pickled_dict(tensor)));
  EXPECT_EQ(TensorFile(other_device.path()).find("a")->dtype, "F32");
  tensor = replaced(replaced(tensor, "_rebuild_tensor_v2", "_rebuild_tensor"), "\x89NtR", "tR");
  const MemoryFile old(raw_torch_zip(pickled_dict(tensor)));
  EXPECT_EQ(packed(*TensorFile(old.path()).find("a")), "xxxxxxxx");
  expect_refused(raw_torch_zip(pickled_dict(replaced(tensor, "_rebuild_tensor", "_rebuild_tensor_v2"))),
                 {"without storage"});
}

TEST(TorchFile, OlderFormHasPartsOfStorages) {
  const std::string numbers = "0123456789abcdef";
  const auto part = [](int64_t first, int64_t count) {
    return "(" + pickled_text("k") + pickled_int(first) + pickled_int(count) + "t";
  };
  const MemoryFile file(older({.part = part(1, 2)}, 4, numbers));
  EXPECT_EQ(packed(*TensorFile(file.path()).find("a")), "456789ab");
  expect_refused(older({.shape = {3}, .part = part(1, 2)}, 4, numbers), {"beyond its storage"});
  expect_refused(older({.part = part(3, 2)}, 4, numbers), {"beyond its storage"});
  expect_refused(older({.part = part(-1, 2)}, 4, numbers), {"beyond its storage"});
  expect_refused(older({}, 3, numbers), {"another size"});
  expect_refused(older({}, 4, numbers.substr(1)), {"shorter than it says"});
  expect_refused(older({.key = "1"}, 4, numbers), {"a storage that no tensor has"});
}

// An array as Python 2 writes it, with text for bytes.
TEST(TorchFile, ArraysOfPython2) {
  const auto array = [](const std::string& dtype, const std::string& order, const std::string& data) {
    return pickled_dict("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n" + pickled_ints({0}) + "U\1btR(K\1" +
                        pickled_ints({2}) + "cnumpy\ndtype\n(" + pickled_text(dtype) + "K\1tR(K\3" + pickled_text(order) +
                        "NNNtb\x89" + "T" + little_endian(data.size(), 4) + data + "tb");
  };
  const MemoryFile good(array("f4", "<", "12345678"));
  EXPECT_EQ(packed(*TensorFile(good.path()).find("a")), "12345678");
  expect_refused(array("f4", "<", "1234567"), {"too few or too many bytes", "8"});
  for (const std::string& other : {array("f4", ">", "12345678"), array("O8", "|", "12345678")}) {
    const MemoryFile file(raw_torch_zip(other));
    EXPECT_EQ(TensorFile(file.path()).left_out().count, 1);
  }
}

TEST(TorchFile, RecordsMayHaveNumbersOf64BitsAndFolders) {
  const RawRecord pickle{.name = "x/data.pkl", .data = pickled_dict(pickled_tensor({}))};
  RawRecord storage{.name = "x/data/0", .data = "0123456789abcdef", .is_large = true};
  const MemoryFile file(raw_zip({pickle, storage}));
  EXPECT_EQ(packed(*TensorFile(file.path()).find("a")), "01234567");
  const RawRecord folder{.name = "x/"}, data_folder{.name = "x/data/"};
  const MemoryFile packed_again(raw_zip({folder, pickle, data_folder, storage}));
  EXPECT_EQ(packed(*TensorFile(packed_again.path()).find("a")), "01234567");
  storage.claimed = 1ull << 40;
  expect_refused(raw_zip({pickle, storage}), {"a part doesn't fit", "1099511627776 bytes"});
}

TEST(TorchFile, RefusesOtherZipFiles) {
  const std::string pickle = pickled_dict(pickled_tensor({}));
  expect_refused(raw_zip({{.name = "a.npy", .data = "x"}}), {"none of PyTorch's", "unpack"});
  expect_refused(raw_zip({{.name = "x/data.pkl", .data = pickle}, {.name = "x/data/0", .data = "x", .method = 8}}),
                 {"compressed or encrypted record, x/data/0"});
  expect_refused(raw_zip({{.name = "x/data.pkl", .data = pickle, .flags = 1}}),
                 {"compressed or encrypted record, x/data.pkl"});
  expect_refused(raw_zip({{.name = "x/data.pkl", .data = pickle}, {.name = "x/byteorder", .data = "big"}}), {"big-endian"});
  expect_refused(raw_zip({{.name = "x/data.pkl", .data = pickle}, {.name = "x/data.pkl", .data = pickle}}),
                 {"two records of the name x/data.pkl"});
  expect_refused(raw_zip({{.name = "x/data.pkl", .data = pickle, .claimed = 1 << 30}}), {"a part doesn't fit"});
  expect_refused(raw_zip({{.name = "x/data.pkl", .data = pickle}, {.name = "y/data.pkl", .data = pickle}}),
                 {"several PyTorch files"});
  expect_refused(raw_zip({{.name = "y/data.pkl", .data = pickle}, {.name = "x/data/0", .data = "x"}}), {"lacks y/data/0"});
}

TEST(TorchFile, RefusesZipBombs) {
  const RawRecord whole{.name = "x/data.pkl", .data = pickled_dict(pickled_tensor({}))};
  expect_refused(raw_zip({whole, {.name = "x/data.pkl", .data = whole.data, .begin_from = 0}}), {"overlap"});
  std::string directory_only = raw_zip({whole});
  directory_only.replace(directory_only.size() - 14, 4, little_endian(0xFFFFFFFF, 4));  // records
  expect_refused(directory_only, {"is a zip file"});
}

TEST(TorchFile, BombsDoNotGoOff) {
  std::string deep = "]", deep_end;
  for (int i = 0; i < 1'000'000; ++i) deep += "]", deep_end += "a";
  expect_refused(raw_torch_zip(pickled(deep + deep_end)), {"nested too deep"});
  // Each list has the one before twice.
  std::string laughs = "]K\1aq\1";
  for (int i = 0; i < 60; ++i) laughs += std::string("0](h\1h\1eq\1", 10);
  expect_refused(raw_torch_zip(pickled(laughs)), {"many times over"});
  // A list in itself is met once.
  const MemoryFile itself(raw_torch_zip(pickled("]q\1h\1a" + pickled_tensor({}) + "a")));
  EXPECT_EQ(TensorFile(itself.path()).names(), std::vector<std::string>{"1"});
  for (const char* storage : {"FloatStorage", "QInt8Storage"})
    expect_refused(raw_torch_zip(pickled(long_names(storage)), std::string(1 << 20, 'x')), {"many times over"});
}

TEST(TorchFile, NamesAreUnique) {
  const std::string tensor = pickled_tensor({});
  expect_refused(raw_torch_zip(pickled("}K\1" + tensor + "s" + pickled_text("1") + tensor + "s")),
                 {"two tensors of the name 1"});
  const MemoryFile other_keys(raw_torch_zip(pickled("}N" + tensor + "sK\2K\3\x86" + tensor + "sU\3a\nb" + tensor + "s")));
  EXPECT_EQ(TensorFile(other_keys.path()).left_out().count, 3);
}

TEST(TorchFile, EveryCutIsAnError) {
  for (const char* name : {"views.pth", "views_legacy.pth", "dtypes_legacy.pth", "arrays5.pkl"}) {
    SCOPED_TRACE(name);
    expect_error_when_cut(read_file(kGoldenFormats / name), [](const std::string& cut) {
      const MemoryFile memory(cut);
      TensorFile{memory.path()};
    });
  }
}

TEST(TorchFile, TenThousandMutationsNeverCrash) {
  const auto files = golden_tensor_files();
  const int num_trials = 10'000 / static_cast<int>(files.size()) + 1;
  for (const auto& file : files) {
    SCOPED_TRACE(file);
    survive_mutations(read_file(file), num_trials, [](const std::string& broken) { fuzz_torch_file(broken); });
  }
}

}  // namespace glid
