#include "glid/formats/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "golden.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Tensors = SafetensorsWriter::Tensors;

template <typename T>
TensorInfo tensor(const std::string& dtype, std::vector<int64_t> shape, const std::vector<T>& values) {
  return {dtype, std::move(shape), reinterpret_cast<const std::byte*>(values.data()), values.size() * sizeof(T)};
}

// A file with this header and `num_bytes` of data.
std::string file_of(const std::string& header, size_t num_bytes) {
  const uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  return bytes + header + std::string(num_bytes, 'x');
}

class Safetensors : public testing::Test {
 protected:
  // Reads every byte that the header promises.
  void read(const std::string& bytes) {
    std::filesystem::remove(file_);  // a new file is much faster than an overwritten one on some disks
    std::ofstream(file_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    const SafetensorsFile opened(file_);
    for (const std::string& name : opened.names()) {
      const TensorInfo* found = opened.find(name);
      for (size_t i = 0; i < found->bytes; ++i) sum_ += std::to_integer<int>(found->data[i]);
    }
  }

  std::string message_for(const std::string& bytes) {
    try {
      read(bytes);
      return "no error";
    } catch (const DataError& error) {
      return error.what();
    }
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "x.safetensors";
  int sum_ = 0;
};

TEST_F(Safetensors, ReadsTheReferenceLibrarysFile) {
  const SafetensorsFile file(kGoldenFormats / "reference.safetensors");
  EXPECT_THAT(file.names(), ElementsAre("count", "empty", "weight", "half", "bytes", "flags"));
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"format", "np"}}));
  const TensorInfo* weight = file.find("weight");
  ASSERT_NE(weight, nullptr);
  EXPECT_EQ(weight->dtype, "F32");
  EXPECT_THAT(weight->shape, ElementsAre(2, 3));
  float values[6];
  ASSERT_EQ(weight->bytes, sizeof values);
  std::memcpy(values, weight->data, sizeof values);
  EXPECT_THAT(values, ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_TRUE(file.find("count")->shape.empty());
  EXPECT_EQ(file.find("empty")->bytes, 0u);
  EXPECT_EQ(file.find("nothing"), nullptr);
}

TEST_F(Safetensors, RoundTripKeepsOrderBytesAndMetadata) {
  const std::vector<double> a = {1.5, -2};
  const std::vector<uint8_t> b = {1, 2, 3};
  const std::vector<int64_t> c = {int64_t{1} << 40};
  const Tensors tensors = {
      {"z", tensor("F64", {2}, a)}, {"a \"quoted\"", tensor("U8", {3, 1}, b)}, {"c", tensor("I64", {}, c)}};
  write_safetensors(file_, tensors, {{"step", "3"}});
  const SafetensorsFile file(file_);
  EXPECT_THAT(file.names(), ElementsAre("z", "a \"quoted\"", "c"));
  EXPECT_EQ(file.metadata().at("step"), "3");
  EXPECT_EQ(std::memcmp(file.find("z")->data, a.data(), 16), 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file.find("z")->data) % 8, 0u);
  EXPECT_EQ(std::memcmp(file.find("c")->data, c.data(), 8), 0);
}

TEST_F(Safetensors, AFileWithoutTensors) {
  write_safetensors(file_, {}, {});
  EXPECT_TRUE(SafetensorsFile(file_).names().empty());
}

TEST_F(Safetensors, EveryCutAndExtraBytesAreErrors) {
  const std::string bytes = read_file(kGoldenFormats / "reference.safetensors");
  expect_error_when_cut(bytes, [&](const std::string& cut) { read(cut); });
  EXPECT_THAT(message_for(bytes + "x"), HasSubstr(file_.string() + ": is truncated or damaged"));
}

TEST_F(Safetensors, ChangedBytesNeverCrash) {
  std::string bytes = read_file(kGoldenFormats / "reference.safetensors");
  survive_mutations(bytes, 1500, [&](const std::string& broken) { read(broken); });
}

TEST_F(Safetensors, RefusesWhatTheFormatForbids) {
  const auto entry = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
  };
  const std::string good = entry("F32", "[1]", "[0,4]");
  const std::map<std::string, std::string> reasons = {
      {"{\"a\":" + entry("F32", "[1]", "[4,8]") + "}", "hole or overlap"},
      {"{\"a\":" + good + ",\"b\":" + good + "}", "hole or overlap"},
      {"{\"a\":" + good + ",\"a\":" + entry("F32", "[1]", "[4,8]") + "}", "is there twice"},
      {"{\"a\":" + entry("F33", "[1]", "[0,4]") + "}", "unknown dtype"},
      {"{\"a\":" + entry("F32", "[-1]", "[0,4]") + "}", "impossible shape"},
      {"{\"a\":" + entry("F32", "[4294967296,4294967296]", "[0,4]") + "}", "impossible shape"},
      {"{\"a\":" + entry("F32", "[2]", "[0,4]") + "}", "don't fit"},
      {"{\"a\":" + entry("F32", "[1]", "[4,0]") + "}", "don't fit"},
      {"{\"a\":" + entry("F32", "[1]", "[0]") + "}", "two numbers"},
      {"{\"a\":" + entry("F32", "[1]", "[0,-4]") + "}", "non-negative"},
      {"{\"a\":" + entry("F32", "[1.5]", "[0,4]") + "}", "integer"},
      {"{\"a\":{\"dtype\":\"F32\"}}", "\"shape\" is missing"},
      {"{\"a\":" + good, "valid JSON"},
      {"[1]", "no JSON header"}};
  for (const auto& [header, reason] : reasons) {
    const std::string message = message_for(file_of(header, 8));
    EXPECT_THAT(message, HasSubstr(reason)) << header;
    EXPECT_THAT(message, testing::StartsWith(file_.string())) << header;
  }
  EXPECT_EQ(message_for(file_of("{\"a\":" + good + "}", 4)), "no error");
}

TEST_F(Safetensors, RefusesWhatIsTooMuch) {
  const auto shaped = [](int num_dimensions) {
    std::string shape = "1";
    for (int i = 1; i < num_dimensions; ++i) shape += ",1";
    return file_of(R"({"a":{"dtype":"U8","shape":[)" + shape + R"(],"data_offsets":[0,1]}})", 1);
  };
  EXPECT_EQ(message_for(shaped(64)), "no error");
  EXPECT_THAT(message_for(shaped(65)), HasSubstr("a: impossible shape: too many dimensions (got 65)"));
  const auto with_texts = [](int num_texts) {
    std::string texts = R"("0":"")";
    for (int i = 1; i < num_texts; ++i) texts += ",\"" + std::to_string(i) + R"(":"")";
    return file_of(R"({"__metadata__":{)" + texts + "}}", 0);
  };
  EXPECT_EQ(message_for(with_texts(100'000)), "no error");
  EXPECT_THAT(message_for(with_texts(100'001)), HasSubstr("__metadata__: has too many texts (got 100001)"));
  // It isn't even JSON: nothing is parsed.
  EXPECT_THAT(message_for(file_of("{" + std::string(10'000'000, '['), 0)), HasSubstr("too many values (got 10000001)"));
}

TEST_F(Safetensors, RefusesImpossibleHeaderLengths) {
  for (const uint64_t length : {uint64_t{100'000'001}, uint64_t{1000}, UINT64_MAX}) {
    std::string bytes = file_of("{}", 0);
    std::memcpy(bytes.data(), &length, sizeof length);
    EXPECT_THROW(read(bytes), DataError) << length;
  }
  EXPECT_THROW(SafetensorsFile(folder_.path() / "missing"), DataError);
  EXPECT_THROW(SafetensorsFile{folder_.path()}, DataError);
}

TEST_F(Safetensors, WriterHoldsTheCallerToTheLayout) {
  const std::vector<float> values = {1, 2};
  const TensorInfo two = tensor("F32", {2}, values);
  EXPECT_THROW(write_safetensors(file_, {{"a", two}, {"a", two}}, {}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(file_, {{"__metadata__", two}}, {}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(file_, {{"a", tensor("F32", {3}, values)}}, {}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(file_, {{"a", tensor("float", {2}, values)}}, {}), std::invalid_argument);
  SafetensorsWriter writer(file_, Tensors{{"a", two}, {"b", two}}, {});
  EXPECT_THROW(writer.append(two.data, 4), std::invalid_argument);
  writer.append(two.data, two.bytes);
  EXPECT_THROW(writer.finish(), std::invalid_argument);
  writer.append(two.data, two.bytes);
  EXPECT_THROW(writer.append(two.data, two.bytes), std::invalid_argument);
  writer.finish();
  EXPECT_EQ(SafetensorsFile(file_).names().size(), 2u);
}

TEST_F(Safetensors, SkippedTensorsAreNotInTheFile) {
  const std::vector<float> numbers(6, 1.5f);
  const auto* data = reinterpret_cast<const std::byte*>(numbers.data());
  const SafetensorsWriter::Tensors layout{
      {"a", {"F32", {2}, nullptr, 8}}, {"b", {"F32", {6}, nullptr, 24}}, {"c", {"F32", {3}, nullptr, 12}}};
  SafetensorsWriter writer(file_, layout, {{"key", "value"}});
  writer.append(data, 8);
  writer.skip();
  writer.append(data, 12);
  EXPECT_THROW(writer.skip(), std::invalid_argument);
  writer.finish();
  const SafetensorsFile read(file_);
  EXPECT_EQ(read.names(), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(read.metadata().at("key"), "value");
  EXPECT_EQ(std::memcmp(read.find("c")->data, data, 12), 0);
}

TEST_F(Safetensors, AFullDiskIsAnError) {
  const std::vector<float> values(1 << 16);
  EXPECT_THROW(write_safetensors("/dev/full", {{"a", tensor("F32", {1 << 16}, values)}}, {}), Error);
  EXPECT_THROW(write_safetensors(folder_.path() / "no" / "folder", {}, {}), Error);
}

}  // namespace
}  // namespace glid
