#include "glid/core/disk_error.h"

#include <cerrno>

#include "glid/core/error.h"

namespace glid {

std::string hint_of(const std::error_code& refusal) {
  if (refusal == std::errc::no_space_on_device) return "make room and give the same command again";
  if (refusal == std::errc::permission_denied || refusal == std::errc::read_only_file_system)
    return "see who may write there";
  return {};
}

void throw_disk_error(const std::filesystem::path& file, const std::string& what) {
  const std::error_code refusal(errno, std::generic_category());
  throw Error(ExitCode::kInternal, file.string(), what, refusal ? refusal.message() : "", hint_of(refusal));
}

}  // namespace glid
