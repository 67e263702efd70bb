#include "glid/core/library_version.h"

#include <dlfcn.h>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

int64_t major_unit(int64_t version) { return version < 10000 ? 1000 : 10000; }

}  // namespace

std::string library_version_text(int64_t version) {
  return format("{}.{}.{}", version / major_unit(version), version % major_unit(version) / 100, version % 100);
}

std::string library_of(const char* function) {
  Dl_info library{};
  const void* address = ::dlsym(RTLD_DEFAULT, function);
  return address != nullptr && ::dladdr(address, &library) != 0 ? library.dli_fname : "";
}

void require_library(const std::string& name, const char* function, int64_t loaded, int64_t compiled) {
  const int64_t major = compiled / major_unit(compiled);
  if (loaded / major_unit(loaded) == major && loaded >= compiled) return;
  throw UsageError(
      name, format("{} or a newer {} is needed", library_version_text(compiled), major),
      format("{} in {}", library_version_text(loaded), library_of(function)),
      "let LD_LIBRARY_PATH begin with the folder of one that fits, or install the version that LibTorch came with");
}

}  // namespace glid
