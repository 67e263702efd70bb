#include "glid/formats/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/mapped_file.h"

namespace glid {

std::string sha256_of_file(const std::filesystem::path& file) {
  const MappedFile content(file);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(content.data(), content.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw Error(ExitCode::kInternal, file.string(), "OpenSSL computes no SHA-256");
  return glid::format("{:02x}", fmt::join(digest.begin(), digest.begin() + length, ""));
}

}  // namespace glid
