#include "glid/formats/tf_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <optional>
#include <vector>

#include "glid/core/crc32c.h"
#include "glid/core/files.h"
#include "glid/formats/png.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

template <typename T>
T take(std::string_view& bytes) {
  T value{};
  if (bytes.size() < sizeof value) throw std::runtime_error("too short");
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

uint32_t unmasked(uint32_t crc) { return std::rotl(crc - 0xA282EAD8u, 15); }

std::vector<std::string> read_records(const std::string& content) {
  std::vector<std::string> records;
  for (std::string_view rest = content; !rest.empty();) {
    const std::string_view start = rest;
    const auto length = take<uint64_t>(rest);
    EXPECT_EQ(unmasked(take<uint32_t>(rest)), crc32c(start.data(), 8));
    records.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
    EXPECT_EQ(unmasked(take<uint32_t>(rest)), crc32c(records.back().data(), length));
  }
  return records;
}

uint64_t take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = take<uint8_t>(bytes);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

// The raw value of a field of a message: bytes, or the number in its wire form.
std::optional<std::string> field(std::string_view message, uint64_t wanted) {
  while (!message.empty()) {
    const uint64_t key = take_varint(message);
    const std::string_view before = message;
    switch (key & 7) {
      case 0: take_varint(message); break;
      case 1: take<uint64_t>(message); break;
      case 5: take<uint32_t>(message); break;
      default: {
        const uint64_t length = take_varint(message);
        if (key >> 3 == wanted) return std::string(message.substr(0, length));
        message.remove_prefix(length);
        continue;
      }
    }
    if (key >> 3 == wanted) return std::string(before.substr(0, before.size() - message.size()));
  }
  return std::nullopt;
}

uint64_t number(const std::string& message, uint64_t wanted) {
  const std::string raw = field(message, wanted).value();
  std::string_view bytes = raw;
  return take_varint(bytes);
}

TEST(TfEvents, ScalarsAndImages) {
  const TemporaryFolder folder;
  TfEventsWriter writer(folder.path() / "events", 41);
  const std::string png = encode_png(Image::filled(2, 3, 9));
  writer.add_scalar("train/loss", 0.75, 300);
  writer.add_image_png("pictures", png, 2, 3, int64_t{1} << 40);
  writer.flush();
  EXPECT_THAT(writer.file().filename().string(), testing::StartsWith("events.out.tfevents."));
  const auto records = read_records(read_file(writer.file()));
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(field(records[0], 3), "brain.Event:2");
  EXPECT_FALSE(field(records[0], 5));

  // event.proto's SessionLog with the status START: TensorBoard drops what it has from that step on.
  EXPECT_EQ(number(records[1], 2), 41u);
  EXPECT_EQ(number(field(records[1], 7).value(), 1), 1u);

  const std::string scalar = field(field(records[2], 5).value(), 1).value();
  EXPECT_EQ(number(records[2], 2), 300u);
  EXPECT_EQ(field(scalar, 1), "train/loss");
  float value = 0;
  std::memcpy(&value, field(scalar, 2).value().data(), sizeof value);
  EXPECT_EQ(value, 0.75f);

  const std::string image = field(field(field(records[3], 5).value(), 1).value(), 4).value();
  EXPECT_EQ(number(records[3], 2), uint64_t{1} << 40);
  EXPECT_EQ(number(image, 1), 2u);
  EXPECT_EQ(number(image, 2), 3u);
  EXPECT_EQ(number(image, 3), 3u);
  EXPECT_EQ(field(image, 4), png);
}

TEST(TfEvents, ASecondWriterOpensANewFile) {
  const TemporaryFolder folder;
  const TfEventsWriter first(folder.path(), 1);
  const TfEventsWriter second(folder.path(), 1);
  EXPECT_NE(first.file(), second.file());
  EXPECT_LT(first.file(), second.file());
}

}  // namespace
}  // namespace glid
