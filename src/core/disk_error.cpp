#include "glid/core/disk_error.h"

#include <cerrno>

#include "glid/core/error.h"

namespace glid {

std::string hint_of(const std::error_code& refusal) {
  if (refusal == std::errc::no_space_on_device || refusal == std::error_code(EDQUOT, std::generic_category()))
    return "make room and give the same command again";
  if (refusal == std::errc::file_too_large) return "ulimit -f limits how long files may be";
  if (refusal == std::errc::permission_denied || refusal == std::errc::read_only_file_system ||
      refusal == std::errc::operation_not_permitted)
    return "see who may write there";
  return {};
}

void throw_disk_error(const std::filesystem::path& file, const std::string& what) {
  const std::error_code refusal(errno, std::generic_category());
  const bool is_gone = refusal == std::errc::no_such_file_or_directory;
  throw Error(ExitCode::kInternal, file.string(), what, refusal ? refusal.message() : "",
              is_gone ? "is its folder still there?" : hint_of(refusal));
}

}  // namespace glid
