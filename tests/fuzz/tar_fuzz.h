// Input: a tar archive.
#pragma once

#include <string>
#include <string_view>

#include "fuzz/law.h"
#include "glid/core/error.h"
#include "glid/formats/tar.h"

namespace glid {

inline void fuzz_tar(std::string_view bytes) {
  uint64_t end = 0;
  try {
    read_tar(bytes, "fuzz", [&](const TarMember& member) {
      expect_law(member.offset >= end + kTarBlockBytes, "members follow each other");
      expect_law(member.offset <= bytes.size() && member.size <= bytes.size() - member.offset, "members lie in the archive");
      end = member.offset + member.size;
    });
  } catch (const DataError&) {}
}

}  // namespace glid
