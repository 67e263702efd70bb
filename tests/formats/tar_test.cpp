#include "glid/formats/tar.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Contents = std::map<std::string, std::string>;

Contents read_all(const std::string& bytes) {
  Contents contents;
  read_tar(bytes, "a.tar", [&](const TarMember& member) {
    EXPECT_TRUE(is_tar_header(std::string_view(bytes).substr(member.offset - kTarBlockBytes, kTarBlockBytes), member.size));
    contents[member.name] = bytes.substr(member.offset, member.size);
  });
  return contents;
}

std::string error_of(const std::string& bytes) {
  try {
    read_all(bytes);
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

// Names that ustar holds as they are, in two parts, and not at all.
Contents files_of_all_lengths() {
  Contents files{{"a.jpg", "picture"}, {"empty.cls", ""}, {"é/ü.jpg", std::string(512, 'x')}};
  files[format("{:d>90}/{:f>95}", "", "")] = std::string(513, 'y');
  files[format("{:d>200}/{:f>180}", "", "")] = "long";
  return files;
}

std::string written(const Contents& files) {
  const TemporaryFolder folder;
  TarWriter tar(folder.path() / "a.tar");
  for (const auto& [name, content] : files) tar.add(name, content);
  tar.finish();
  return read_file(folder.path() / "a.tar");
}

TEST(Tar, ReadsWhatGnuTarWritesInEachFormat) {
  const TemporaryFolder folder;
  const fs::path root = folder.path() / "files";
  for (const auto& [name, content] : files_of_all_lengths()) {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name, std::ios::binary) << content;
  }
  fs::create_symlink("a.jpg", root / "link.jpg");
  const fs::path archive = folder.path() / "a.tar";
  for (const std::string format : {"gnu", "pax"}) {  // ustar refuses the longest name
    const std::string command =
        glid::format("cd '{}' && tar --format={} -cf '{}' *", root.string(), format, archive.string());
    ASSERT_EQ(std::system(command.c_str()), 0);
    EXPECT_EQ(read_all(read_file(archive)), files_of_all_lengths()) << format;
  }
}

TEST(Tar, GnuTarReadsWhatIsWritten) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "a.tar", std::ios::binary) << written(files_of_all_lengths());
  ASSERT_EQ(std::system(format("tar -C '{0}' -xf '{0}/a.tar'", folder.path().string()).c_str()), 0);
  for (const auto& [name, content] : files_of_all_lengths()) EXPECT_EQ(read_file(folder.path() / name), content) << name;
}

TEST(Tar, ItsOwnFilesComeBackAndAreTheSameEachTime) {
  const Contents files = files_of_all_lengths();
  EXPECT_EQ(read_all(written(files)), files);
  EXPECT_EQ(written(files), written(files));
}

TEST(Tar, ASizeOfGnuTarsNumbersIsRead) {
  std::string bytes = written({{"a.jpg", "picture"}});
  bytes.replace(124, 12, std::string("\x80\0\0\0\0\0\0\0\0\0\0\x07", 12));
  uint64_t sum = 8 * ' ';
  for (size_t i = 0; i < kTarBlockBytes; ++i)
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(bytes[i]);
  bytes.replace(148, 7, format("{:06o}", sum) + '\0');
  EXPECT_EQ(read_all(bytes), (Contents{{"a.jpg", "picture"}}));
}

// Wherever it was cut, even between two members.
TEST(Tar, ACutArchiveIsAnErrorWhereverItWasCut) {
  const std::string whole = written({{"a.jpg", std::string(700, 'a')}, {"b.jpg", "b"}});
  const size_t end = whole.size() - 2 * kTarBlockBytes;
  for (size_t size = 1; size <= end; size += 73)
    EXPECT_THAT(error_of(whole.substr(0, size)), HasSubstr("a.tar: was cut")) << size;
  EXPECT_THAT(error_of(whole.substr(0, end)), HasSubstr("before the end of the archive"));
}

TEST(Tar, WhatIsNoArchiveIsSaidToBeNone) {
  EXPECT_EQ(error_of(std::string(1024, 'x')), "a.tar: is not a tar archive");
  EXPECT_THAT(error_of("\x1F\x8B" + std::string(1024, 'x')), HasSubstr("it is compressed: unpack it to a plain .tar"));
  std::string damaged = written({{"a.jpg", "a"}, {"b.jpg", "b"}});
  damaged[2 * kTarBlockBytes + 3] ^= 1;
  EXPECT_THAT(error_of(damaged), HasSubstr("is damaged: no header of a member (got at byte 1024)"));
  EXPECT_FALSE(is_tar_header(std::string_view(damaged).substr(0, kTarBlockBytes), 2));
}

// A damaged byte ends in one line or in an archive that reads as another one, never outside of the bytes.
TEST(Tar, AnyDamagedByteOfAHeaderIsFoundOut) {
  const std::string whole = written({{format("{:n>300}.jpg", ""), "a"}, {"b.jpg", "b"}});
  for (size_t at = 0; at < 4 * kTarBlockBytes; ++at) {
    if (at / kTarBlockBytes % 2 == 1) continue;                              // the pax record, which has no sum; content
    if (at % kTarBlockBytes == 148 || at % kTarBlockBytes == 155) continue;  // a blank before or behind the sum is one
    std::string damaged = whole;
    damaged[at] ^= 0x10;
    EXPECT_THAT(error_of(damaged), HasSubstr("a.tar: ")) << at;
  }
  for (size_t at = kTarBlockBytes; at < kTarBlockBytes + 320; ++at) {
    std::string damaged = whole;
    damaged[at] ^= 0x10;
    (void)error_of(damaged);
  }
}

}  // namespace
}  // namespace glid
