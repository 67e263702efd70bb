#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

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

// {"a": value, "weight": a tensor}
std::string with_weight(const std::string& value, const std::string& more = "") {
  return raw_torch_zip(
      pickled("}" + pickled_text("a") + value + more + "s" + pickled_text("weight") + pickled_tensor({}) + "s"));
}

RawPickles older_form(const RawTensor& tensor, int64_t count, const std::string& numbers) {
  return {.object = pickled_dict(pickled_tensor(tensor)),
          .storages = little_endian(static_cast<uint64_t>(count), 8) + numbers};
}

std::string older(const RawTensor& tensor, int64_t count, const std::string& numbers) {
  return raw_torch_pickles(older_form(tensor, count, numbers));
}

std::string latin1_as_utf8(const std::string& text) {
  std::string utf8;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) utf8 += c;
    else utf8 += {static_cast<char>(0xC0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3F))};
  }
  return utf8;
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
  expect_refused(with({.shape = {2, 2}}), {"stride too many or too few"});
  expect_refused(with({.shape = std::vector<int64_t>(65, 1)}), {"too many dimensions"});
  expect_refused(with({.num_elements = 5}), {"shorter than it says"});
  expect_refused(with({.num_elements = INT64_MAX}), {"shorter than it says"});
  expect_refused(with({.key = "1"}), {"lacks x/data/1"});
  expect_refused(with({.key = "../data.pkl"}), {"lacks x/data/../data.pkl"});
}

TEST(TorchFile, TensorsOfUnknownStoragesAreCounted) {
  for (const char* storage : {"ComplexDoubleStorage", "QInt8Storage", "NewStorage"}) {
    const MemoryFile file(with_weight(pickled_tensor({.storage = storage})));
    const TensorFile tensors(file.path());
    EXPECT_EQ(tensors.names(), std::vector<std::string>{"weight"});
    EXPECT_EQ(tensors.left_out().line("x"), "1 x (first: a)");
    expect_refused(with({.storage = storage}), {"no tensor of a kind that is read", "1 left out (first: a)"});
  }
}

// Beside the weights there may be anything.
TEST(TorchFile, WhatIsBeyondTheBoundsIsLeftOut) {
  const auto expect_left_out = [](const std::string& bytes, const std::string& line) {
    const MemoryFile memory(bytes);
    const TensorFile file(memory.path());
    EXPECT_TRUE(file.find("weight")) << line;
    EXPECT_EQ(file.left_out().line("x"), line);
  };
  expect_left_out(with_weight(pickled_tensor({.shape = {1ll << 40}, .strides = {0}})), "1 x (first: a)");
  expect_left_out(with_weight(pickled_tensor({.shape = {1ll << 40}, .strides = {0}}), "q\2s" + pickled_text("b") + "h\2"),
                  "2 x (first: a)");
  std::string deep = "]", deep_end, name = "a";
  for (int i = 0; i < 150; ++i) deep += "]", deep_end += "a";
  for (int i = 0; i < 99; ++i) name += ".0";
  expect_left_out(with_weight(deep + deep_end), "1 x (first: " + name + ")");
  expect_left_out(with_weight("}K\1" + pickled_tensor({}) + "s" + pickled_text("1") + pickled_tensor({}) + "s"),
                  "1 x (first: a.1)");
}

// Tensors that show numbers again take no more than half of the bytes that all may have.
TEST(TorchFile, RepeatedNumbersLeaveRoom) {
  const auto names_beside = [](const std::string& value) {
    const MemoryFile file(raw_torch_zip(pickled("}" + pickled_text("a") + value + "s" + pickled_text("weight") +
                                                pickled_tensor({.shape = {4000}, .num_elements = 4000}) + "s"),
                                        std::string(16'000, 'x')));
    return TensorFile(file.path()).names();
  };
  EXPECT_EQ(names_beside(pickled_tensor({.shape = {15'000}, .strides = {0}})), (std::vector<std::string>{"a", "weight"}));
  EXPECT_EQ(names_beside(pickled_tensor({.shape = {31'000}, .strides = {0}})), std::vector<std::string>{"weight"});
  std::string twenty = "](" + pickled_tensor({.shape = {4000}, .num_elements = 4000}) + "q\1";
  for (int i = 1; i < 20; ++i) twenty += "h\1";
  EXPECT_EQ(names_beside(twenty + "e"), (std::vector<std::string>{"a.0", "a.1", "a.2", "a.3", "a.4", "weight"}));
}

TEST(TorchFile, SharedValuesAreNamedInEachPlace) {
  std::string models = "](}q\1";
  for (int i = 0; i < 300; ++i) models += pickled_text("w" + std::to_string(i)) + pickled_tensor({}) + "s";
  for (int i = 1; i < 20; ++i) models += "h\1";
  const MemoryFile shared(with_weight(models + "e"));
  const TensorFile file(shared.path());
  EXPECT_EQ(file.names().size(), 6001u);
  EXPECT_TRUE(file.find("a.19.w299"));
  EXPECT_EQ(file.left_out().count, 0);
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

// PyTorch pickles a tensor with attributes of its own as (function, class, its arguments, the attributes).
TEST(TorchFile, TensorsWithAttributes) {
  const auto with_class = [](const std::string& module, const std::string& name, const std::string& arguments) {
    return raw_torch_zip(pickled_dict("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\nc" +
                                      module + "\n" + name + "\n" + arguments + "}tR"));
  };
  const std::string arguments = pickled_tensor_arguments({.offset = 1});
  for (const auto& [module, name] : {std::pair("torch", "Tensor"), std::pair("torch.nn.parameter", "Parameter"),
                                     std::pair("torch.nn.parameter", "Buffer")}) {
    const MemoryFile file(with_class(module, name, arguments));
    const TensorFile tensors(file.path());
    ASSERT_TRUE(tensors.find("a")) << name;
    EXPECT_EQ(tensors.find("a")->shape, std::vector<int64_t>{2});
  }
  expect_refused(with_class("my.tensors", "Masked", arguments), {"1 left out (first: a)"});
  expect_refused(with_class("torch", "Tensor", "N"), {"1 left out (first: a)"});
  expect_refused(with_class("torch", "Tensor", ")"), {"without storage"});
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

TEST(TorchFile, OlderFormIsRefusedWhereItIsDamaged) {
  const RawPickles good = older_form({}, 4, "0123456789abcdef");
  const auto expect_damaged = [&](const std::string& part, const std::function<void(RawPickles&)>& change) {
    RawPickles changed = good;
    change(changed);
    expect_refused(raw_torch_pickles(changed), {part});
  };
  const MemoryFile file(raw_torch_pickles(good));
  EXPECT_EQ(packed(*TensorFile(file.path()).find("a")), "01234567");
  expect_damaged("unknown protocol", [](RawPickles& f) { f.protocol = 1002; });
  expect_damaged("big-endian", [](RawPickles& f) { f.system = "}" + pickled_text("little_endian") + "\x89s"; });
  expect_damaged("on what machine", [](RawPickles& f) { f.system = "]"; });
  expect_damaged("no list of storages", [](RawPickles& f) { f.keys = "N"; });
  expect_damaged("a storage that no tensor has", [](RawPickles& f) { f.keys = "]K\1a"; });
  expect_damaged("lacks storage 0", [](RawPickles& f) { f.keys = "]"; });
  expect_damaged("a storage is missing", [](RawPickles& f) { f.storages.resize(7); });
  expect_damaged("storage 0 is there twice", [](RawPickles& f) {
    f.keys += pickled_text("0") + "a";
    f.storages += f.storages;
  });
  expect_refused(older({.storage = "NewStorage"}, 4, ""), {"storage 0 is of an unknown class"});
  expect_refused(older({.part = "K\1"}, 4, "0123456789abcdef"), {"a part of a storage without place"});
}

// As plain pickle writes a tensor: its storage is a whole file of the older form, in bytes, or in a text that makes them.
TEST(TorchFile, StoragesInPlainPickles) {
  const auto file_of_storage = [](const RawTensor& tensor, const std::string& object, const std::string& numbers) {
    return raw_torch_pickles(
        {.object = pickled(object), .storages = little_endian(static_cast<uint64_t>(tensor.num_elements), 8) + numbers});
  };
  const auto pickle_of = [](const std::string& made_of) {
    const std::string storage = "ctorch.storage\n_load_from_bytes\n" + made_of + "\x85R";
    return pickled_dict("ctorch._utils\n_rebuild_tensor_v2\n(" + storage + "K\1" + pickled_ints({2}) + pickled_ints({1}) +
                        "\x89NtR");
  };
  const auto bytes = [](const std::string& text) { return "B" + little_endian(text.size(), 4) + text; };
  const RawTensor floats, quantised{.storage = "QInt8Storage"};
  const std::string good = file_of_storage(floats, pickled_storage(floats), "0123456789abcdef");
  for (const std::string& made_of :
       {bytes(good), "c_codecs\nencode\n" + pickled_text(latin1_as_utf8(good)) + pickled_text("latin1") + "\x86R"}) {
    const MemoryFile file(pickle_of(made_of));
    EXPECT_EQ(packed(*TensorFile(file.path()).find("a")), "456789ab");
    EXPECT_EQ(TensorFile(file.path()).form(), "pickle of PyTorch's tensors");
  }
  expect_refused(pickle_of(bytes(good.substr(0, good.size() - 1))), {"shorter than it says"});
  expect_refused(pickle_of(bytes(pickled("N"))), {"a storage that is no PyTorch file"});
  expect_refused(pickle_of(bytes(file_of_storage(floats, "]" + pickled_storage(floats) + "a", "0123456789abcdef"))),
                 {"something else than a storage"});
  expect_refused(pickle_of("K\1"), {"a storage without numbers"});
  expect_refused(pickle_of(bytes(file_of_storage(quantised, pickled_storage(quantised), "0123"))),
                 {"1 left out (first: a)"});
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
    expect_refused(other, {"no tensor of a kind that is read", "1 left out (first: a)"});
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
  expect_refused(raw_zip({{.name = "x/data.pkl", .data = pickle}, {.name = "x/byteorder", .data = "middle"}}),
                 {"numbers of an unknown byte order"});
  expect_refused(raw_zip({{.name = "x/data.pkl", .data = pickle, .unpacked = 7}}), {"x/data.pkl has two sizes"});
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
  expect_refused(raw_torch_zip(pickled(deep + deep_end)), {"1 left out"});
  // Each list has the one before twice.
  std::string laughs = "]" + pickled_tensor({}) + "aq\1";
  for (int i = 0; i < 60; ++i) laughs += std::string("0](h\1h\1eq\1", 10);
  const MemoryFile bomb(with_weight(laughs));
  EXPECT_LT(TensorFile(bomb.path()).names().size(), 10'000u);
  EXPECT_GT(TensorFile(bomb.path()).left_out().count, 0);
  EXPECT_TRUE(TensorFile(bomb.path()).find("weight"));
  // A tensor without numbers, two bytes for each place where it stands.
  std::string many = "](" + pickled_tensor({.shape = {0}}) + "q\1";
  for (int i = 0; i < 100'000; ++i) many += "h\1";
  const MemoryFile places(with_weight(many + "e"));
  EXPECT_LT(TensorFile(places.path()).names().size(), 30'000u);
  EXPECT_TRUE(TensorFile(places.path()).find("weight"));
  // A list in itself is met once.
  const MemoryFile itself(raw_torch_zip(pickled("]q\1h\1a" + pickled_tensor({}) + "a")));
  EXPECT_EQ(TensorFile(itself.path()).names(), std::vector<std::string>{"1"});
  expect_refused(raw_torch_zip(pickled(long_names("QInt8Storage"))), {"3000 left out"});
  const MemoryFile long_names_file(raw_torch_zip(pickled(long_names("FloatStorage")), std::string(1 << 20, 'x')));
  const TensorFile long_names_read(long_names_file.path());
  EXPECT_LT(long_names_read.names().size(), 100u);
  EXPECT_EQ(static_cast<int64_t>(long_names_read.names().size()) + long_names_read.left_out().count, 3000);
  // A long key before many numbers
  std::string keys = "(" + std::string(20'000, 'N') + "1" + pickled_text(std::string(1000, 'k')) +
                     "q\1"
                     "0}(";
  for (int i = 0; i < 2000; ++i) keys += "h\1N";
  const MemoryFile texts(with_weight(keys + "u"));
  EXPECT_LE(TensorFile(texts.path()).metadata().size(), 10'000u);
}

TEST(TorchFile, NamesAreUnique) {
  const std::string tensor = pickled_tensor({});
  const MemoryFile other_keys(with_weight("}N" + tensor + "sK\2K\3\x86" + tensor + "sU\3a\nb" + tensor + "s"));
  EXPECT_EQ(TensorFile(other_keys.path()).left_out().count, 3);
}

TEST(TorchFile, TextsAreBounded) {
  const auto text = [](size_t size) { return pickled_text(std::string(size, 'k')); };
  const MemoryFile lengths(raw_torch_zip(pickled("}" + text(1000) + "K\1s" + text(1001) + "K\2s" + "U\1a" + text(1000) +
                                                 "sU\1b" + text(1001) + "sU\1c}" + text(999) + "K\3ss")));
  const std::map<std::string, std::string> kept = {{std::string(1000, 'k'), "1"}, {"a", std::string(1000, 'k')}};
  EXPECT_EQ(TensorFile(lengths.path()).metadata(), kept);
  const MemoryFile long_key(with_weight("}" + text(1001) + pickled_tensor({}) + "s"));
  EXPECT_EQ(TensorFile(long_key.path()).left_out().count, 1);
  std::string many = "](";
  for (int i = 0; i < 10'001; ++i) many += "K\1";
  const MemoryFile bomb(raw_torch_zip(pickled(many + "e")));
  EXPECT_EQ(TensorFile(bomb.path()).metadata().size(), 10'000u);
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
