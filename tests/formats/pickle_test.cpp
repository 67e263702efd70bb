#include "glid/formats/pickle.h"

#include <gtest/gtest.h>

#include "expect_data_error.h"
#include "glid/core/files.h"
#include "golden.h"
#include "raw_torch.h"

namespace glid {
namespace {

using K = PickleKind;

void expect_refused(const std::string& bytes, const std::vector<std::string>& parts) {
  expect_data_error([&] { Pickle(bytes, "x.pkl"); }, parts);
}

std::string times(size_t count, const std::string& text) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

// The texts, numbers and places of all values, as Python would show them.
std::string shown(const Pickle& pickle, PickleId id) {
  const auto list = [&](const std::string& before, const std::string& after) {
    std::string text = before;
    for (const PickleId item : pickle.items(id)) text += (text == before ? "" : " ") + shown(pickle, item);
    return text + after;
  };
  switch (pickle.kind(id)) {
    case K::kNone: return "None";
    case K::kBool: return pickle.integer(id) ? "True" : "False";
    case K::kInt: return std::to_string(pickle.integer(id));
    case K::kBigInt: return "big" + std::to_string(pickle.text(id).size());
    case K::kDouble: return std::to_string(pickle.real(id));
    case K::kText: return std::string(pickle.text(id));
    case K::kBytes: return "b" + std::string(pickle.text(id));
    case K::kList: return list("[", "]");
    case K::kTuple: return list("(", ")");
    case K::kSet: return list("set(", ")");
    case K::kDict: return list("{", "}");
    case K::kGlobal: return list("<", ">");
    case K::kObject: return list("object(", ")");
    case K::kPersistent: return list("elsewhere(", ")");
  }
  return "";
}

std::string shown(const std::string& program) {
  const std::string bytes = pickled(program);
  const Pickle pickle(bytes, "x.pkl");
  EXPECT_EQ(pickle.num_bytes(), bytes.size());
  return shown(pickle, pickle.root());
}

}  // namespace

TEST(Pickles, Numbers) {
  EXPECT_EQ(shown("N"), "None");
  EXPECT_EQ(shown("\x88"), "True");
  EXPECT_EQ(shown("K\xff"), "255");
  EXPECT_EQ(shown("M\xff\xff"), "65535");
  EXPECT_EQ(shown("J\xfe\xff\xff\xff"), "-2");
  EXPECT_EQ(shown(std::string("\x8a\x00", 2)), "0");
  EXPECT_EQ(shown("\x8a\x01\xff"), "-1");
  EXPECT_EQ(shown(std::string("\x8a\x02\xff\x00", 4)), "255");
  EXPECT_EQ(shown("\x8a\x09" + std::string(9, '\1')), "big9");
  EXPECT_EQ(shown("\x8b" + little_endian(2, 4) + little_endian(513, 2)), "513");
  EXPECT_EQ(shown(std::string("G\x3f\xe0\0\0\0\0\0\0", 9)), "0.500000");
}

TEST(Pickles, TextsAndContainers) {
  EXPECT_EQ(shown(pickled_text("text")), "text");
  EXPECT_EQ(shown("\x8d" + little_endian(4, 8) + "text"), "text");
  EXPECT_EQ(shown("C\3abc"), "babc");
  EXPECT_EQ(shown("C\3abc\x98"), "babc");
  EXPECT_EQ(shown("(K\1K\2t"), "(1 2)");
  EXPECT_EQ(shown("K\1K\2K\3\x87"), "(1 2 3)");
  EXPECT_EQ(shown("](K\1K\2eK\3a"), "[1 2 3]");
  EXPECT_EQ(shown("(K\1K\2l"), "[1 2]");
  EXPECT_EQ(shown("(K\1K\2d"), "{1 2}");
  EXPECT_EQ(shown("}K\1K\2s(K\3K\4u"), "{1 2 3 4}");
  EXPECT_EQ(shown("\x8f(K\1K\2\x90"), "set(1 2)");
  EXPECT_EQ(shown("(K\1\x91"), "set(1)");
  EXPECT_EQ(shown("(K\1(K\2"
                  "1"
                  "0K\3"),
            "3");
}

TEST(Pickles, ObjectsStayInert) {
  EXPECT_EQ(shown("cos\nsystem\nU\4true\x85R"), "object(<os system> (true) None)");
  EXPECT_EQ(shown("cargparse\nNamespace\n)\x81}U\2lrK\1sb"), "object(<argparse Namespace> () {lr 1})");
  EXPECT_EQ(shown("\x8c\1m\x8c\1n\x93)\x81"), "object(<m n> () None)");
  EXPECT_EQ(shown("cm\nn\nK\1\x85}\x92"), "object(<m n> (1) None)");
  EXPECT_EQ(shown("(cm\nn\nK\1K\2o"), "object(<m n> (1 2) None)");
  EXPECT_EQ(shown("ccollections\nOrderedDict\n)RU\1aK\1s}U\11_metadataK\2sb"), "{a 1}");
  EXPECT_EQ(shown("ccollections\nOrderedDict\n]]U\1aaK\1aa\x85R"), "{a 1}");
  EXPECT_EQ(shown("cx\nConfigDict\n)\x81U\1aK\1s"), "{a 1}");
  EXPECT_EQ(shown("cx\nList\n)\x81K\1a"), "[1]");
  EXPECT_EQ(shown("U\7storageQ"), "elsewhere(storage)");
}

TEST(Pickles, MemoComesBackToValues) {
  EXPECT_EQ(shown("]q\1h\1h\1\x87"), "([] [] [])");
  EXPECT_EQ(shown(std::string("K\7\x94"
                              "0h\0",
                              6)),
            "7");
  EXPECT_EQ(shown("K\7r" + little_endian(1, 4) + "0j" + little_endian(1, 4)), "7");
}

TEST(Pickles, RefuseWhatNoWriterWrites) {
  expect_refused("", {"x.pkl: is truncated"});
  expect_refused("(lp0\n.", {"protocol 0 or 1"});
  expect_refused("\x80\x07N.", {"unknown protocol", "7"});
  expect_refused(pickled("I1\n"), {"opcodes of protocol 0 or 1"});
  expect_refused(pickled("\xff"), {"unknown opcode", "0xff"});
  expect_refused("\x80\x02N", {"is truncated"});
  expect_refused(pickled("a"), {"takes more than it has"});
  expect_refused(pickled("N(0K\1a"), {"into what has none"});
  expect_refused(pickled("}(K\1u"), {"half a pair"});
  expect_refused(pickled("(K\1d"), {"half a pair"});
  expect_refused(pickled("ccollections\nOrderedDict\n]K\1a\x85R"), {"other things than pairs"});
  expect_refused(pickled("ccollections\nOrderedDict\n]((K\1te\x85R"), {"other things than pairs"});
  expect_refused(pickled("t"), {"takes more than it has"});
  expect_refused(pickled("\x98N"), {"takes more than it has"});
  expect_refused(pickled("(o"), {"without a class"});
  expect_refused(pickled("h\1"), {"lacks", "1"});
  expect_refused(pickled("Nr\xff\xff\xff\xff"), {"impossible memo"});
  expect_refused(pickled("NNb"), {"a state"});
  expect_refused(pickled("NN\x93"), {"class without name"});
  expect_refused(pickled("cno end"), {"name without end"});
  expect_refused(pickled("\x82\1"), {"registered extensions"});
  expect_refused(pickled("\x97"), {"lie elsewhere"});
  expect_refused(pickled("\x95" + little_endian(1000, 8)), {"frame"});
}

TEST(Pickles, BombsDoNotGoOff) {
  for (const std::string& count : {"\x8b" + little_endian(1u << 31, 4), "X" + little_endian(0xFFFFFFFF, 4),
                                   "\x8e" + little_endian(1ull << 62, 8), "\x96" + little_endian(~0ull, 8)})
    expect_refused(pickled(count), {"doesn't fit"});
  const size_t deep = 1'000'000;
  const std::string lists = pickled(times(deep, "]") + times(deep - 1, "a"));
  EXPECT_EQ(Pickle(lists, "x").num_values(), deep);
  const std::string tuples = pickled("N" + times(deep, "\x85"));
  EXPECT_EQ(Pickle(tuples, "x").num_values(), deep + 1);
  expect_refused(pickled(times(8'400'000, "]")), {"too many values"});
  expect_refused(pickled("N" + times(8'400'000, "2")), {"too many values"});
  expect_refused(pickled(times(8'400'000, "(")), {"too many values"});
  // The same pairs become a dictionary over and over.
  const std::string pairs = "]q\1(" + times(1000, "NN\x86") + "e0";
  expect_refused(pickled(pairs + times(1000, "ccollections\nOrderedDict\nh\1\x85R")), {"too many values"});
}

TEST(Pickles, EveryCutIsAnError) {
  for (const char* name : {"arrays2.pkl", "arrays5.pkl"})
    expect_error_when_cut(read_file(kGoldenFormats / name), [](const std::string& cut) { Pickle(cut, "x"); });
}

}  // namespace glid
